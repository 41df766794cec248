BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Enable-XenMonitor' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'opens a session and says nothing' {
        Enable-XenMonitor web01 | Should -BeNullOrEmpty
        (Get-XenMonitor).Domain | Should -Be 'web01'
        (Get-SimulatedDomain web01).IsMonitored | Should -BeTrue
    }

    It 'returns the session with -PassThru' {
        $session = Enable-XenMonitor web01 -PassThru
        $session | Should -BeOfType XenVmEvent.PS.MonitorStatus
        $session.Domain | Should -Be 'web01'
        $session.State | Should -Be 'Running'
        $session.ResponseTimeout | Should -Be ([timespan]::FromSeconds(1))
    }

    It 'opens the <Channel> channel for -Channel <Given>' -ForEach @(
        @{ Given = 'Auto'; Channel = 'Slotted' }
        @{ Given = 'Ring'; Channel = 'Ring' }
        @{ Given = 'Slotted'; Channel = 'Slotted' }
    ) {
        (Enable-XenMonitor web01 -Channel $Given -PassThru).Channel | Should -Be $Channel
        Disable-XenMonitor web01
        "$(Enable-XenMonitor web01 -Channel $Given -Verbose 4>&1)" | Should -Match $Channel
    }

    It 'takes -ResponseTimeout <Given>' -ForEach @(
        @{ Given = 2 }, @{ Given = 2L }, @{ Given = [byte] 2 }, @{ Given = [uint] 2 }, @{ Given = 2.0 }, @{ Given = [float] 2 }, @{ Given = '2' }, @{ Given = '00:00:02' }, @{ Given = [timespan]::FromSeconds(2) }
    ) {
        (Enable-XenMonitor web01 -ResponseTimeout $Given -PassThru).ResponseTimeout.TotalSeconds | Should -Be 2
    }

    It 'with a wildcard opens the sessions that can be and are not yet' {
        Enable-XenMonitor web01
        (Enable-XenMonitor * -PassThru -ErrorAction Stop).Domain | Should -Be 'db01'
        Enable-XenMonitor * -PassThru -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'takes domains by pipeline' {
        (Get-XenDomain web01, db01 | Enable-XenMonitor -PassThru).Domain | Should -Be 'web01', 'db01'
    }

    It 'takes the domain from the property Domain' {
        ([pscustomobject]@{ Domain = 'db01' } | Enable-XenMonitor -PassThru).Domain | Should -Be 'db01'
    }

    It 'leaves a session with -ListenerRequired as it should be' {
        Enable-XenMonitor web01 -ListenerRequired
        Watch-XenMemAccess web01 -Access Write -First 20 -Duration 60 | Should -HaveCount 20
        Disable-XenMonitor web01
        Assert-GuestFree web01
    }

    It 'does nothing with -WhatIf' {
        Enable-XenMonitor web01 -WhatIf
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }
}
