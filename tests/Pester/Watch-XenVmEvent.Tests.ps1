BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Watch-XenVmEvent' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'shows <Kind> events as <Type>, with their own fields' -ForEach @(
        @{ Kind = 'Cpuid'; Type = 'CpuidEvent'; Fields = 'Leaf', 'Subleaf', 'InstructionLength' }
        @{ Kind = 'WriteControlRegister'; Type = 'WriteControlRegisterEvent'; Fields = 'Register', 'OldValue', 'NewValue' }
        @{ Kind = 'SoftwareBreakpoint'; Type = 'SoftwareBreakpointEvent'; Fields = 'Gfn', 'InstructionLength', 'TrapType' }
        @{ Kind = 'DebugException'; Type = 'DebugExceptionEvent'; Fields = 'Gfn', 'PendingDebug', 'InstructionLength', 'TrapType' }
        @{ Kind = 'DescriptorAccess'; Type = 'DescriptorAccessEvent'; Fields = 'Descriptor', 'IsWrite' }
        @{ Kind = 'GuestRequest'; Type = 'GuestRequestEvent'; Fields = 'Kind' }
        @{ Kind = 'VmExit'; Type = 'VmExitEvent'; Fields = 'Reason', 'Qualification' }
        @{ Kind = 'Io'; Type = 'IoEvent'; Fields = 'Port', 'Bytes', 'IsIn', 'IsString' }
    ) {
        $one = Watch-XenVmEvent web01 -Event $Kind -First 1 -Duration 60
        $one | Should -BeOfType "XenVmEvent.Events.$Type"
        $one.Kind | Should -Be $Kind
        $one.PSObject.Properties.Name | Should -Contain 'Registers'
        foreach ($field in $Fields) { $one.PSObject.Properties.Name | Should -Contain $field }
        Assert-GuestFree web01
    }

    It 'takes domain and kinds by position, and several kinds, by the <_> channel' -ForEach 'Ring', 'Slotted' {
        $seen = Watch-XenVmEvent web01 Cpuid, SoftwareBreakpoint -Channel $_ -First 20 -Duration 60
        $seen.Kind | Sort-Object -Unique | Should -Be 'SoftwareBreakpoint', 'Cpuid'
    }

    It 'shows the writes of -ControlRegister <_> only' -ForEach 'CR0', 'CR3', 'CR4', 'Xcr0' {
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister $_ -First 5 -Duration 60
        $seen.Register | Sort-Object -Unique | Should -Be $_
    }

    It 'shows no write that changes only -IgnoredBits' {
        # The guest flips CR4.TSD, the only bit other than PGE that it changes.
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister CR4 -IgnoredBits 0x80 -First 20 -Duration 60
        $seen | Where-Object { ($_.OldValue -bxor $_.NewValue) -in 0, 0x80 } | Should -BeNullOrEmpty
        # -1 as an int is 32 bits, of which the guest changes no more either.
        foreach ($all in -1, 0xffffffffffffffff, [ulong]::MaxValue) {
            Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister CR4 -IgnoredBits $all -First 1 -Duration 0.2 | Should -BeNullOrEmpty
        }
    }

    It 'ends after as many events as -First <_> says' -ForEach 1, 17L, '17' {
        Watch-XenVmEvent web01 Cpuid -First $_ -Duration 60 | Should -HaveCount $_
    }

    It 'watches <_> events too, which do not come of themselves' -ForEach @(
        'Interrupt', 'MemPaging', 'MemSharing', 'EmulUnimplemented', 'SingleStep', 'Unknown'
    ) {
        Watch-XenVmEvent web01 $_ -Duration 0.05 -ErrorAction Stop | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'watches nothing when no domain comes by the pipeline' {
        @() | Watch-XenVmEvent -Event Cpuid -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'shows the writes of -Msr <Given>' -ForEach @(@{ Given = 0xc0000082 }, @{ Given = '0xc0000082' }, @{ Given = 3221225602 }, @{ Given = [uint] 3221225602 }) {
        $seen = Watch-XenVmEvent web01 -Event MovToMsr -Msr $Given -First 2 -Duration 60
        $seen | Should -HaveCount 2
        $seen.Msr | Sort-Object -Unique | Should -Be 3221225602
    }

    It 'shows the writes of several MSRs' {
        $seen = Watch-XenVmEvent web01 -Event MovToMsr -Msr 0xc0000082, 0x174 -OnChangeOnly -First 30 -Duration 60
        $seen.Msr | Where-Object { $_ -notin 3221225602, 0x174 } | Should -BeNullOrEmpty
    }

    It 'takes -OnChangeOnly' {
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -OnChangeOnly -First 20 -Duration 60
        $seen | Where-Object { $_.OldValue -eq $_.NewValue } | Should -BeNullOrEmpty
    }

    It 'has the vCPUs of -VCpu step, and none any more at the end' {
        $seen = Watch-XenVmEvent db01 SingleStep -VCpu 1, 2 -First 100 -Duration 60
        $seen | Should -HaveCount 100
        $seen.VCpu | Where-Object { $_ -notin 1, 2 } | Should -BeNullOrEmpty
        (Get-SimulatedDomain db01).VCpus.IsSingleStepping | Should -Not -Contain $true
        Assert-GuestFree db01
    }

    It 'shows events that nobody waits for with -Async' {
        (Watch-XenVmEvent web01 GuestRequest, DebugException -Async -First 10 -Duration 60).IsSynchronous | Should -Not -Contain $true
        Assert-GuestFree web01
    }

    It 'shows what programs ask for with -AllowUserspace' {
        $levels = (Watch-XenVmEvent web01 GuestRequest -AllowUserspace -First 100 -Duration 60).Registers.PrivilegeLevel
        $levels | Sort-Object -Unique | Should -Be 0, 3
        (Watch-XenVmEvent web01 GuestRequest -First 30 -Duration 60).Registers.PrivilegeLevel | Sort-Object -Unique | Should -Be 0
    }

    It 'watches the same registers twice on one session, each with its own options' {
        Enable-XenMonitor web01
        $shell = Open-Shell 'param($x) [XenVmEvent.Events.VmEvent[]] (Watch-XenVmEvent web01 WriteControlRegister -ControlRegister CR4 -IgnoredBits 0x80 -First 20 -Duration 60)'
        $other = $shell.BeginInvoke()
        $all = Watch-XenVmEvent web01 WriteControlRegister -Register CR4, CR3 -First 200 -Duration 60
        $some = $shell.EndInvoke($other)
        $shell.Dispose()
        $some | Should -HaveCount 20
        $some | Where-Object { ($_.OldValue -bxor $_.NewValue) -in 0, 0x80 } | Should -BeNullOrEmpty
        $all.Register | Sort-Object -Unique | Should -Be 'CR3', 'CR4'
        Disable-XenMonitor web01
        Assert-GuestFree web01
    }

    It 'refuses -<Option>, which no kind that is watched has' -ForEach @(
        @{ Option = 'ControlRegister'; Value = 'CR3'; Kinds = 'WriteControlRegister' }
        @{ Option = 'IgnoredBits'; Value = 1; Kinds = 'WriteControlRegister' }
        @{ Option = 'Msr'; Value = 0x174; Kinds = 'MovToMsr' }
        @{ Option = 'OnChangeOnly'; Value = $true; Kinds = 'WriteControlRegister, MovToMsr' }
        @{ Option = 'Async'; Value = $true; Kinds = 'GuestRequest' }
        @{ Option = 'AllowUserspace'; Value = $true; Kinds = 'GuestRequest' }
        @{ Option = 'VCpu'; Value = 0; Kinds = 'SingleStep' }
    ) {
        $given = @{ $Option = $Value }
        { Watch-XenVmEvent web01 Cpuid @given } | Should -Throw "*-$Option is for *$Kinds*" -ErrorId 'InvalidArgument,XenVmEvent.PS.WatchXenVmEventCommand'
        Assert-GuestFree web01
    }

    It 'refuses -Async with -Hold' {
        { Watch-XenVmEvent web01 GuestRequest -Async -Hold } | Should -Throw '*exclude each other*' -ErrorId 'InvalidArgument,*'
    }

    It 'shows the privileged calls and page accesses of an arm64 guest' {
        $null = Connect-XenHost -Simulated -Architecture Arm64
        $call = Watch-XenVmEvent web01 PrivilegedCall -First 3 -Duration 60
        $call | Should -HaveCount 3
        $call[0].Registers | Should -BeOfType XenVmEvent.Events.ArmRegisters
        $call[0].Registers.Pc | Should -Be $call[0].InstructionPointer
        Watch-XenMemAccess web01 -Access Write -First 3 -Duration 60 | Should -HaveCount 3
        Assert-GuestFree web01
    }

    It 'takes domains by pipeline and from the property Domain' {
        (Get-XenDomain db01 | Watch-XenVmEvent -Event Cpuid -First 1 -Duration 60).Domain | Should -Be 'db01'
        ([pscustomobject]@{ Domain = 'web01' } | Watch-XenVmEvent -Event Cpuid -First 1 -Duration 60).Domain | Should -Be 'web01'
    }

    It 'does nothing with -WhatIf' {
        Watch-XenVmEvent * -Event Cpuid -WhatIf | Should -BeNullOrEmpty
        Assert-GuestFree web01, db01
    }
}
