BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Set-XenVmEventResponse' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'answers held <Kind> events with <Response>' -ForEach @(
        @{ Kind = 'Cpuid'; Response = 'Continue' }
        @{ Kind = 'WriteControlRegister'; Response = 'Deny' }
        @{ Kind = 'DescriptorAccess'; Response = 'Emulate' }
    ) {
        $answer = @{ $Response = $true }
        $seen = Watch-XenVmEvent web01 -Event $Kind -Hold -First 4 -Duration 60 -ResponseTimeout 60 | ForEach-Object {
            $_.ResponseState | Should -Be 'Held'
            $_.Response | Should -BeNullOrEmpty
            $_ | Set-XenVmEventResponse @answer | Should -BeNullOrEmpty
            $_
        }
        $seen | Should -HaveCount 4
        $seen.ResponseState | Sort-Object -Unique | Should -Be 'Given'
        $seen.Response.Name | Sort-Object -Unique | Should -Be $Response
        Assert-GuestFree web01
    }

    It 'answers a held page access with <_>; the page stays watched' -ForEach 'Emulate', 'EmulateNoWrite' {
        $answer = @{ $_ = $true }
        $seen = Watch-XenMemAccess web01 -Access Write -Gfn 0x100-0x10f -Hold -First 40 -Duration 60 -ResponseTimeout 60 |
            ForEach-Object { $_ | Set-XenVmEventResponse @answer; $_ }
        $seen | Should -HaveCount 40 -Because 'there are only 16 pages'
        Assert-GuestFree web01
    }

    It 'takes the event by position' {
        Watch-XenVmEvent web01 -Event Cpuid -Hold -First 1 -Duration 60 | ForEach-Object {
            Set-XenVmEventResponse $_ -Continue
            $_.ResponseState | Should -Be 'Given'
        }
    }

    It 'keeps a denied write from being done' {
        Enable-XenMonitor web01
        Set-XenVmEventResponse web01 -Event WriteControlRegister -Deny
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -Register CR0 -OnChangeOnly -First 20 -Duration 60
        $seen.Response.Name | Sort-Object -Unique | Should -Be 'Deny'
        foreach ($ofVCpu in $seen | Group-Object VCpu) {
            $ofVCpu.Group.OldValue | Sort-Object -Unique | Should -HaveCount 1 -Because 'no write changes it'
        }
    }

    It 'sets the default of a session for several kinds, by position' {
        Enable-XenMonitor web01, db01
        Set-XenVmEventResponse * WriteControlRegister, MovToMsr -Deny -ErrorAction Stop
        Set-XenVmEventResponse db01 MovToMsr -Continue
        (Watch-XenVmEvent web01 -Event MovToMsr -Msr 0xc0000082 -First 1 -Duration 60).Response.Name | Should -Be 'Deny'
        (Watch-XenVmEvent db01 -Event MovToMsr -Msr 0xc0000082 -First 1 -Duration 60).Response.Name | Should -Be 'Continue'
        (Watch-XenVmEvent db01 -Event WriteControlRegister -First 1 -Duration 60).Response.Name | Should -Be 'Deny'
    }

    It 'does nothing with -WhatIf' {
        Enable-XenMonitor web01
        Set-XenVmEventResponse web01 WriteControlRegister -Deny -WhatIf
        (Watch-XenVmEvent web01 -Event WriteControlRegister -First 1 -Duration 60).Response.Name | Should -Be 'Continue'
        Watch-XenVmEvent db01 -Event Cpuid -Hold -First 1 -Duration 60 -ResponseTimeout 60 | ForEach-Object {
            $_ | Set-XenVmEventResponse -Continue -WhatIf
            $_.ResponseState | Should -Be 'Held'
        }
    }
}
