BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    function Use-Guest([hashtable[]] $Guests) {
        Switch-SimulatedHost @{ Domains = [XenVmEvent.Simulation.SimulatedDomainOptions[]] $Guests }
    }
    function Get-Completion([string] $Line) { (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText }
}
AfterAll { Switch-SimulatedHost }

Describe 'A domain by its name' {
    It '<_> is a name first, though it is a pattern too' -ForEach '[PROD] web', 'db*', 'what?', '[a', 'tick`s' {
        Use-Guest @{ Id = 1; Name = $_ }, @{ Id = 2; Name = 'P web' }, @{ Id = 3; Name = 'db01' }
        (Get-XenDomain $_).Id | Should -Be 1
        (Watch-XenVmEvent $_ -Event Cpuid -First 1 -ErrorAction Stop).DomainId | Should -Be 1
        (Watch-XenVmEvent $_ -Event Cpuid -First 1 -Follow -WarningVariable told -WarningAction SilentlyContinue).Domain | Should -Not -BeNullOrEmpty
        $told | Should -BeNullOrEmpty
        Test-XenMonitor $_ -Quiet | Should -BeExactly $true
    }

    It 'that tab completion offers means that very domain' {
        Use-Guest @{ Id = 1; Name = '[PROD] web' }, @{ Id = 2; Name = '1' }, @{ Id = 3; Name = 'db*' }, @{ Id = 4; Name = "bob's" }, @{ Id = 5; Name = 'twin' }, @{ Id = 6; Name = 'twin' }
        $offered = Get-Completion 'Get-XenDomain '
        ($offered | ForEach-Object { Invoke-Expression "Get-XenDomain $_ -ErrorAction Stop" }).Id | Should -Be (1..6)
        Get-Completion 'Get-XenDomain [P' | Should -Be "'[PROD] web'"
        Get-Completion "Get-XenDomain '[P" | Should -Be "'[PROD] web'"
    }

    It 'of several is an error that lists them' {
        Use-Guest @{ Id = 5; Name = 'twin' }, @{ Id = 6; Name = 'twin' }
        Get-XenDomain twin -ErrorVariable refused -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $refused.FullyQualifiedErrorId | Should -BeLike 'AmbiguousDomain,*'
        "$refused" | Should -Match 'id 5.*id 6'
        (Get-XenDomain twi*).Id | Should -Be 5, 6
    }

    It 'is not <Given>, a number, which is an id' -ForEach @(@{ Given = 6 }, @{ Given = '6' }, @{ Given = 6L }) {
        Use-Guest @{ Id = 5; Name = '6' }, @{ Id = 6; Name = 'db' }, @{ Id = 7; Name = '8' }
        (Get-XenDomain $Given).Name | Should -Be 'db'
        (Enable-XenMonitor $Given -PassThru).Domain | Should -Be 'db'
        Get-XenDomain 8 -ErrorVariable missing -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $missing.FullyQualifiedErrorId | Should -BeLike 'DomainNotFound,*'
    }

    It 'that matches nothing is an error of <_>' -ForEach @(
        { Watch-XenVmEvent 'nosuch*' -Event Cpuid -First 1 }, { Watch-XenMemAccess '[x]' -Access Write -First 1 }, { Enable-XenMonitor 'nosuch*' }
        { Disable-XenMonitor 'nosuch*' }, { Reset-XenMonitor 'nosuch*' -Confirm:$false }, { Test-XenMonitor 'nosuch*' | Where-Object Domain }
        { Read-XenMemory 'nosuch*' 0 }, { Watch-XenVmEvent 'Dom*' -Event Cpuid -First 1 }
    ) {
        $null = Connect-XenHost -Simulated
        $ErrorActionPreference = 'SilentlyContinue'
        $Error.Clear()
        & $_ | Should -BeNullOrEmpty
        $Error[0].FullyQualifiedErrorId | Should -BeLike 'DomainNotFound,*'
    }

    It 'comes down the pipeline by Select-Object Name' {
        $null = Connect-XenHost -Simulated
        $names = Get-XenDomain web01 | Select-Object Name
        ($names | Watch-XenVmEvent -Event Cpuid -First 1).Domain | Should -Be 'web01'
        ($names | Enable-XenMonitor -PassThru).Domain | Should -Be 'web01'
        ($names | Get-XenMonitor).Domain | Should -Be 'web01'
        ($names | Read-XenMemory -Address 0x16120 -Length 4).Count | Should -Be 4
        $names | Disable-XenMonitor
        ($names | Test-XenMonitor).Domain | Should -Contain 'web01'
    }
}

Describe 'Every cmdlet' {
    It 'that takes a domain from the pipeline takes its name' {
        foreach ($command in Get-Command -Module XenVmEvent -CommandType Cmdlet) {
            $domain = $command.Parameters['Domain']
            if (-not $domain -or $domain.Attributes.ValueFromPipelineByPropertyName -notcontains $true) { continue }
            $domain.Aliases | Should -Contain 'Name' -Because $command.Name
        }
    }

    It 'that has -Path has -LiteralPath' {
        foreach ($command in Get-Command -Module XenVmEvent -CommandType Cmdlet) {
            if (-not $command.Parameters.ContainsKey('Path')) { continue }
            @($command.Parameters.Keys; $command.Parameters['Path'].Aliases) | Should -Contain 'LiteralPath' -Because $command.Name
        }
    }
}

Describe 'Test-XenMonitor -Quiet' {
    It 'is false where <What> names no domain' -ForEach @(
        @{ What = 'an object'; Given = [pscustomobject] @{ Foo = 1 } }, @{ What = 'nothing'; Given = $null }, @{ What = 'an empty name'; Given = '' }
        @{ What = 'a file'; Given = [IO.FileInfo] '/etc/nosuch' }, @{ What = 'a pattern'; Given = 'nosuch*' }
    ) {
        $null = Connect-XenHost -Simulated
        , $Given | Test-XenMonitor -Quiet 2>$null | Should -BeExactly $false
        'web01', $Given | Test-XenMonitor -Quiet 2>$null | Should -BeExactly $false
    }
}

Describe 'The name of a recording' {
    It 'with wildcard characters is a name first' {
        $null = Connect-XenHost -Simulated
        $file = Join-Path $TestDrive '[1] a.jsonl'
        Watch-XenVmEvent web01 -Event Cpuid -First 3 | Export-XenVmEvent -LiteralPath $file
        Import-XenVmEvent $file | Should -HaveCount 3
        Import-XenVmEvent -LiteralPath $file | Should -HaveCount 3
        Export-XenVmEventReport -RecordingPath $file | Should -BeLike '<!DOCTYPE html>*'
        Import-XenVmEvent (Join-Path $TestDrive 'none*') -ErrorVariable missing -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $missing.FullyQualifiedErrorId | Should -BeLike 'RecordingFailed,*'
    }
}
