BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe '-PassThru of' {
    BeforeEach {
        $null = Connect-XenHost -Simulated
        Enable-XenMonitor web01 -ResponseTimeout 60
    }
    AfterEach { Disable-XenMonitor web01 }

    It 'Set-XenMemAccess gives the pages with the permissions that were set' {
        $set = Set-XenMemAccess web01 0x400-0x40f, 0x500 R -PassThru
        "$set" | Should -Be '0x400-0x40f R 0x500 R'
        "$($set | Get-XenMemAccess)" | Should -Be "$set"
        Set-XenMemAccess web01 0x400 R -PassThru -WhatIf | Should -BeNullOrEmpty
        Set-XenMemAccess web01 0x400 R | Should -BeNullOrEmpty
    }

    It 'Switch-XenMemoryView gives the view' {
        $made = New-XenMemoryView web01 -WarningAction SilentlyContinue
        $switched = $made | Switch-XenMemoryView -PassThru
        $switched | Should -BeOfType XenVmEvent.Monitoring.MemoryView
        $switched.View | Should -Be $made.View
        $switched.VCpus | Should -Be 0, 1
        Switch-XenMemoryView web01 0 -PassThru -WhatIf | Should -BeNullOrEmpty
        Switch-XenMemoryView web01 0 | Should -BeNullOrEmpty
    }

    It 'Set-XenVmEventResponse gives the event that was answered' {
        $answered = Watch-XenVmEvent web01 -Event MovToMsr -Msr IA32_LSTAR -Hold -First 2 -Duration 60 | Set-XenVmEventResponse -Deny -PassThru
        $answered.Response.Name | Should -Be 'Deny', 'Deny'
        $answered.ResponseState | Should -Be 'Given', 'Given'
        $answered[0] | Set-XenVmEventResponse -Deny -PassThru -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
    }

    It 'Set-XenVmEventResponse gives the session whose default was set' {
        $session = Set-XenVmEventResponse web01 MovToMsr, WriteControlRegister -Deny -PassThru
        $session | Should -BeOfType XenVmEvent.PS.MonitorStatus
        $session.Domain | Should -Be 'web01'
        Set-XenVmEventResponse web01 Cpuid -Deny -PassThru -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        Set-XenVmEventResponse web01 MovToMsr -Continue -PassThru -WhatIf | Should -BeNullOrEmpty
    }
}
