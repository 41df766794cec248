BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Set-XenVmEventResponse' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'answers held <Kind> events with <Response>' -ForEach @(
        @{ Kind = 'Cpuid'; Response = 'Continue'; Channel = 'Ring' }
        @{ Kind = 'WriteControlRegister'; Response = 'Deny'; Channel = 'Slotted' }
        @{ Kind = 'DescriptorAccess'; Response = 'Emulate'; Channel = 'Auto' }
    ) {
        $answer = @{ $Response = $true }
        $seen = Watch-XenVmEvent web01 -Event $Kind -Channel $Channel -Hold -First 4 -Duration 60 -ResponseTimeout 60 | ForEach-Object {
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

    It 'lets a held page access be done with -Continue' {
        $seen = Watch-XenMemAccess web01 -Access Write -Gfn 0x100-0x10f -Hold -First 5 -Duration 60 -ResponseTimeout 60 |
            ForEach-Object { $_ | Set-XenVmEventResponse -Continue; $_ }
        $seen.ResponseState | Should -Be (, 'Given' * 5)
        Assert-GuestFree web01
    }

    It 'has a held write <Done> with -<Answer>' -ForEach @(
        @{ Answer = 'Deny'; Done = 'not done' }
        @{ Answer = 'Continue'; Done = 'done' }
    ) {
        $response = @{ $Answer = $true }
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister CR4 -Hold -First 20 -Duration 60 -ResponseTimeout 60 |
            ForEach-Object { $_ | Set-XenVmEventResponse @response; $_ }
        foreach ($ofVCpu in $seen | Group-Object VCpu) {
            $writes = @($ofVCpu.Group)
            for ($i = 1; $i -lt $writes.Count; $i++) {
                $writes[$i].OldValue | Should -Be ($Answer -eq 'Deny' ? $writes[0].OldValue : $writes[$i - 1].NewValue)
            }
        }
        Assert-GuestFree web01
    }

    It 'answers each of several events, and names what is none' {
        Watch-XenVmEvent web01 -Event Cpuid -Hold -First 1 -Duration 60 -ResponseTimeout 60 | ForEach-Object {
            $_, 'no event', $_ | Set-XenVmEventResponse -Continue -ErrorAction SilentlyContinue -ErrorVariable refused
            $refused.FullyQualifiedErrorId | Should -Be @('InputObjectNotBound', 'AlreadyAnswered').ForEach({ "$_,XenVmEvent.PS.SetXenVmEventResponseCommand" })
            $_.ResponseState | Should -Be 'Given'
        }
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
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister CR0 -OnChangeOnly -First 20 -Duration 60
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

    It 'sets the default that a held event gets when the pipeline leaves it' {
        Enable-XenMonitor web01 -ResponseTimeout 60
        Set-XenVmEventResponse w* WriteControlRegister -Deny
        $held = Watch-XenVmEvent web01 -Event WriteControlRegister -Hold -First 5 -Duration 60
        $held.ResponseState | Should -Be (, 'Released' * 5)
        $held.Response.Name | Should -Be (, 'Deny' * 5)
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -First 1 -Duration 60
        $seen.ResponseState | Should -Be 'Default'
    }

    It 'sets a default with registers' {
        Enable-XenMonitor web01
        Set-XenVmEventResponse web01 Cpuid -Register @{ Rbx = 5 }
        (Watch-XenVmEvent web01 -Event Cpuid -First 1 -Duration 60).Response.Name | Should -Be 'Continue, Rbx=0x5'
    }

    It 'is content when a wildcard means no session' {
        Set-XenVmEventResponse * Cpuid -Continue -ErrorAction Stop
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

    It 'refuses <Text> for a register, which may be two numbers' -ForEach @{ Text = '-1'; Value = -1 }, @{ Text = '0xffffffff'; Value = 0xffffffff } {
        { Set-XenVmEventResponse web01 Cpuid -Register @{ Rcx = $Value } } | Should -Throw '*0xfffffffful or -1l*' -ErrorId 'ParameterArgumentTransformationError,*'
    }

    It 'takes -1l for 64 bits' {
        Enable-XenMonitor web01
        Set-XenVmEventResponse web01 Cpuid -Register @{ Rcx = -1l }
        "$((Watch-XenVmEvent web01 -Event Cpuid -First 1 -Duration 60).Response)" | Should -Be 'Continue, Rcx=0xffffffffffffffff'
    }

    It 'answers with registers, which the guest then has' {
        $seen = Watch-XenVmEvent web01 -Event Cpuid -Hold -First 8 -Duration 60 -ResponseTimeout 60 | ForEach-Object {
            $_ | Set-XenVmEventResponse -Register @{ rbx = 0xfffffffful; R15 = 0xffffffff81000000; Rip = $_.InstructionPointer + 2 }
            "$($_.Response)" | Should -Match '^Continue, Rbx=0xffffffff, R15=0xffffffff81000000, Rip=0x'
            $_
        }
        foreach ($ofVCpu in $seen | Group-Object VCpu) {
            $ofVCpu.Group | Select-Object -Skip 1 | ForEach-Object { $_.Registers.R15 | Should -Be ([Convert]::ToUInt64('ffffffff81000000', 16)) }
        }
        Assert-GuestFree web01
    }

    It '<What> with -<Answer>' -ForEach @(
        @{ Answer = 'Skip'; What = 'swallows a breakpoint'; Delivered = 0 }
        @{ Answer = 'Reinject'; What = 'gives the guest its breakpoint'; Delivered = 1 }
    ) {
        $response = @{ $Answer = $true }
        Watch-XenVmEvent web01 -Event SoftwareBreakpoint -Hold -First 4 -Duration 60 -ResponseTimeout 60 | ForEach-Object {
            $vcpu = @((Get-SimulatedDomain web01).VCpus)[$_.VCpu]
            $breakpoints, $instructions = $vcpu.GetExceptions(3), $vcpu.Instructions
            $_ | Set-XenVmEventResponse @response
            Wait-Condition { $vcpu.Instructions -gt $instructions } | Should -BeTrue
            $vcpu.GetExceptions(3) - $breakpoints | Should -Be $Delivered
        }
        Assert-GuestFree web01
    }

    It 'answers held <Kind> events with <Name>' -ForEach @(
        @{ Kind = 'SoftwareBreakpoint'; Answer = @{ InstructionData = 0x55 }; Name = 'Emulate, InstructionData 55' }
        @{ Kind = 'SoftwareBreakpoint'; Answer = @{ Emulate = $true; InstructionData = 0xb8, 1, 0, 0, 0 }; Name = 'Emulate, InstructionData b801000000' }
        @{ Kind = 'DescriptorAccess'; Answer = @{ EmulatedReadData = 1, 2 }; Name = 'Emulate, EmulatedReadData 0102' }
        @{ Kind = 'DebugException'; Answer = @{ Skip = $true }; Name = 'Skip' }
        @{ Kind = 'Cpuid'; Answer = @{ GetNextInterrupt = $true }; Name = 'Continue, GetNextInterrupt' }
        @{ Kind = 'Cpuid'; Answer = @{ ResetForkState = $true; ResetForkMemory = $true }; Name = 'Continue, ResetForkState, ResetForkMemory' }
    ) {
        $seen = Watch-XenVmEvent web01 -Event $Kind -Hold -First 3 -Duration 60 -ResponseTimeout 60 |
            ForEach-Object { $_ | Set-XenVmEventResponse @Answer; $_ }
        $seen.ResponseState | Sort-Object -Unique | Should -Be 'Given'
        $seen.Response.Name | Sort-Object -Unique | Should -Be $Name
        Assert-GuestFree web01
    }

    It 'gives an emulated read its data' {
        $reads = [XenVmEvent.Simulation.Workload]::new([XenVmEvent.Simulation.GuestActionKind[]] 'ReadPage')
        $domain = [XenVmEvent.Simulation.SimulatedDomainOptions] @{ Id = 1; Name = 'web01'; Workload = $reads }
        Switch-SimulatedHost @{ Domains = [XenVmEvent.Simulation.SimulatedDomainOptions[]] @($domain) }
        $seen = Watch-XenMemAccess web01 -Access Read -Repeat -Hold -First 4 -Duration 60 -ResponseTimeout 60 |
            ForEach-Object { $_ | Set-XenVmEventResponse -EmulatedReadData 0xdd, 0xcc, 0xbb; $_ }
        $seen | Should -HaveCount 4
        $seen | Select-Object -Skip 1 | ForEach-Object { $_.Registers.Rax | Should -Be 0xbbccdd }
        Assert-GuestFree web01
    }

    It 'empties the trace of a vCPU that is traced' {
        $domain = [XenVmEvent.Simulation.SimulatedDomainOptions] @{ Id = 1; Name = 'web01'; IsTraced = $true }
        Switch-SimulatedHost @{ Domains = [XenVmEvent.Simulation.SimulatedDomainOptions[]] @($domain) }
        $seen = Watch-XenVmEvent web01 -Event Cpuid -Hold -First 2 -Duration 60 -ResponseTimeout 60 |
            ForEach-Object { $_ | Set-XenVmEventResponse -ResetVmTrace; $_ }
        $seen.Response.Name | Sort-Object -Unique | Should -Be 'Continue, ResetVmTrace'
        Assert-GuestFree web01
    }

    It 'is what VmEvent.Respond takes in a script' {
        $responses = @(
            [XenVmEvent.Events.VmEventResponse] @{ GetNextInterrupt = $true }
            [XenVmEvent.Events.VmEventResponse]::Continue.WithRegister('Rbx', 5)
        )
        $seen = Watch-XenVmEvent web01 -Event Cpuid -Hold -First 2 -Duration 60 -ResponseTimeout 60 | ForEach-Object -Begin { $i = 0 } -Process {
            $_.Respond($responses[$i++])
            $_
        }
        $seen.Response.Name | Should -Be 'Continue, GetNextInterrupt', 'Continue, Rbx=0x5'
        "$([XenVmEvent.Events.VmEventResponse] @{ Action = 'Emulate'; View = 1; InstructionData = [byte[]] (0x0f, 0x0b) })" | Should -Be 'Emulate, View 1, InstructionData 0f0b'
        { [XenVmEvent.Events.VmEventResponse] @{ Veiw = 1 } } | Should -Throw "*'Veiw' is not a property*"
    }

    It 'answers only the events that meet a condition' {
        $null = Enable-XenMonitor web01
        Set-XenVmEventResponse web01 MovToMsr -Msr IA32_LSTAR -When 'newValue & 1 == 0' -Deny
        $seen = Watch-XenVmEvent web01 -Event MovToMsr -Msr IA32_LSTAR, IA32_SYSENTER_EIP -First 40 -Duration 60
        Disable-XenMonitor web01
        $denied = @($seen | Where-Object { $_.Response.Name -eq 'Deny' })
        $denied | Should -Not -BeNullOrEmpty
        $expected = @($seen | Where-Object { $_.Msr -eq 0xc0000082L -and -not ($_.NewValue -band 1) })
        $denied | Should -Be $expected
        $denied.Count | Should -BeLessThan 40
        Assert-GuestFree web01
    }

    It 'says of a condition what is wrong with it, and sets nothing' {
        $null = Enable-XenMonitor web01
        { Set-XenVmEventResponse web01 MovToMsr -When 'newValeu == 1' -Deny -ErrorAction Stop } | Should -Throw "*did you mean 'newValue'?*" -ErrorId 'InvalidExpression,XenVmEvent.PS.SetXenVmEventResponseCommand'
        { Set-XenVmEventResponse web01 Cpuid -Msr IA32_LSTAR -ErrorAction Stop } | Should -Throw '*No response was named*'
        { Set-XenVmEventResponse web01 Cpuid -Msr IA32_LSTAR -Continue -ErrorAction Stop } | Should -Throw '*-Msr is only for MovToMsr events*' -ErrorId 'ResponseNotApplicable,*'
        Set-XenVmEventResponse web01 MovToMsr -Msr IA32_LSTAR -When 'oldValue != 0' -Deny -WhatIf
        $seen = Watch-XenVmEvent web01 -Event MovToMsr -Msr IA32_LSTAR -First 5 -Duration 60
        $seen.Response.Name | Sort-Object -Unique | Should -Be 'Continue'
        Disable-XenMonitor web01
    }
}
