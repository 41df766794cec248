BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    $null = Connect-XenHost -Simulated
}
AfterAll { Switch-SimulatedHost }

Describe 'Get-XenDomain' {
    It 'lists all domains by id, dom0 included' {
        $domains = Get-XenDomain
        $domains | Should -BeOfType XenVmEvent.Hypervisor.XenDomain
        $domains.Id | Should -Be 0, 1, 2
        $domains.Name | Should -Be 'Domain-0', 'web01', 'db01'
        $domains.Type | Should -Be 'PV', 'Hvm', 'Pvh'
        $domains.VCpus | Should -Be 2, 2, 4
    }

    It 'says how a domain is, which does not make it another' {
        $null = Connect-XenHost -Simulated
        $before = Get-XenDomain web01
        (Get-XenDomain).State | Should -Be 'Running', 'Running', 'Running'
        (Get-SimulatedDomain web01).ShutDown('Crashed')
        $now = Get-XenDomain web01
        $now.State | Should -Be 'Crashed'
        $now | Should -Be $before
        ($now | Format-Table | Out-String) | Should -Match 'web01 +Hvm +Crashed +2 '
        $null = Connect-XenHost -Simulated
    }

    It 'finds a domain by <How>' -ForEach @(
        @{ How = 'name'; Given = 'db01' }
        @{ How = 'id'; Given = 2 }
        @{ How = 'id as text'; Given = '2' }
        @{ How = 'uuid'; Given = [guid] '5e6f0002-11f0-4d5e-9c1a-58656e564d02' }
        @{ How = 'uuid as text'; Given = '5E6F0002-11F0-4D5E-9C1A-58656E564D02' }
        @{ How = 'wildcard'; Given = 'DB*' }
        @{ How = 'wildcard for one character'; Given = '?b01' }
        @{ How = 'wildcard for a range'; Given = '[c-e]b*' }
    ) {
        (Get-XenDomain $Given).Name | Should -Be 'db01'
        (Get-XenDomain -Domain $Given).Name | Should -Be 'db01'
        ($Given | Get-XenDomain).Name | Should -Be 'db01'
    }

    It 'takes a domain that it returned before, also by pipeline' {
        $domain = Get-XenDomain web01
        Get-XenDomain $domain | Should -Be $domain
        $domain | Get-XenDomain | Should -Be $domain
    }

    It 'takes what other cmdlets return' {
        Enable-XenMonitor web01
        foreach ($one in (Watch-XenVmEvent web01 -Event Cpuid -First 1 -Duration 60), (Get-XenMonitor)) {
            (Get-XenDomain $one).Name | Should -Be 'web01'
            ($one | Get-XenDomain).Name | Should -Be 'web01'
        }
        Disable-XenMonitor web01
    }

    It 'takes several in the order given' {
        (Get-XenDomain -Name db01, 1, 'Dom*').Name | Should -Be 'db01', 'web01', 'Domain-0'
        ('db01', 1 | Get-XenDomain).Name | Should -Be 'db01', 'web01'
    }

    It 'takes the domain from the property <_>' -ForEach 'Domain', 'Name', 'Id', 'Uuid' {
        $value = if ($_ -eq 'Domain') { 'web01' } else { (Get-XenDomain web01).$_ }
        ([pscustomobject]@{ $_ = $value } | Get-XenDomain).Name | Should -Be 'web01'
    }

    It 'returns nothing for a wildcard that matches nothing' {
        Get-XenDomain 'nosuch*' -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'goes on after a domain that is not there' {
        (Get-XenDomain nosuch, web01 -ErrorAction SilentlyContinue -ErrorVariable missing).Name | Should -Be 'web01'
        $missing.Count | Should -Be 1
    }

    It 'identifies a domain by its id when objects are compared' {
        (Compare-Object (Get-XenDomain) (Get-XenDomain web*)).InputObject.Name | Should -Be 'Domain-0', 'db01'
    }
}
