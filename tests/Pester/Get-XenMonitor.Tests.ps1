BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Get-XenMonitor' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'returns nothing when no session is open' {
        Get-XenMonitor | Should -BeNullOrEmpty
        Get-XenMonitor web01 -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'returns the sessions that are open, or those named' {
        Enable-XenMonitor web01, db01
        (Get-XenMonitor).Domain | Should -Be 'web01', 'db01'
        (Get-XenMonitor db01).Domain | Should -Be 'db01'
        (Get-XenMonitor w*).Domain | Should -Be 'web01'
        (Get-XenDomain db01 | Get-XenMonitor).Domain | Should -Be 'db01'
        ([pscustomobject]@{ Domain = 'web01' } | Get-XenMonitor).Domain | Should -Be 'web01'
    }

    It 'counts what the session has done' {
        Enable-XenMonitor web01
        $null = Watch-XenVmEvent web01 -Event Cpuid, WriteControlRegister -First 20 -Duration 60
        $session = Get-XenMonitor web01
        $session.DomainId | Should -Be 1
        $session.XenDomain | Should -Be (Get-XenDomain web01)
        $session.StartTime | Should -BeLessOrEqual ([datetimeoffset]::Now)
        $session.Events | Should -BeGreaterOrEqual 20
        $session.Dropped | Should -Be 0
        $counted = $session.Statistics
        $counted.Answered | Should -Be $counted.Events
        ($counted.ByVCpu | Measure-Object -Sum).Sum | Should -Be $counted.Events
        ($counted.ByKind.Values | Measure-Object -Sum).Sum | Should -Be $counted.Events
        $counted.ByKind.Keys | Sort-Object | Should -Be 'WriteControlRegister', 'Cpuid'
        $counted.HandlingTime.Min | Should -BeGreaterThan ([timespan]::Zero)
        $counted.HandlingTime.Max | Should -BeGreaterOrEqual $counted.HandlingTime.Median
    }

    It 'knows nothing of a session whose domain has died' {
        $guest = Get-SimulatedDomain web01
        Enable-XenMonitor web01
        $null = Watch-XenVmEvent web01 -Event Cpuid -Duration 60 -ErrorAction SilentlyContinue | ForEach-Object { $guest.Destroy() }
        Get-XenMonitor | Should -BeNullOrEmpty
    }
}
