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
    ) {
        $one = Watch-XenVmEvent web01 -Event $Kind -First 1 -Duration 60
        $one | Should -BeOfType "XenVmEvent.Events.$Type"
        $one.Kind | Should -Be $Kind
        $one.PSObject.Properties.Name | Should -Contain 'Registers'
        foreach ($field in $Fields) { $one.PSObject.Properties.Name | Should -Contain $field }
        Assert-GuestFree web01
    }

    It 'takes domain and kinds by position, and several kinds' {
        $seen = Watch-XenVmEvent web01 Cpuid, SoftwareBreakpoint -First 20 -Duration 60
        $seen.Kind | Sort-Object -Unique | Should -Be 'SoftwareBreakpoint', 'Cpuid'
    }

    It 'shows the writes of -Register <_> only' -ForEach 'CR0', 'CR3', 'CR4', 'Xcr0' {
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -Register $_ -First 5 -Duration 60
        $seen.Register | Sort-Object -Unique | Should -Be $_
    }

    It 'shows no write that changes only -IgnoredBits' {
        # The guest flips CR4.TSD, the only bit other than PGE that it changes.
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -Register CR4 -IgnoredBits 0x80 -First 20 -Duration 60
        $seen | Where-Object { ($_.OldValue -bxor $_.NewValue) -in 0, 0x80 } | Should -BeNullOrEmpty
        Watch-XenVmEvent web01 -Event WriteControlRegister -Register CR4 -IgnoredBits 0xffffffffffffffff -First 1 -Duration 0.2 |
            Should -BeNullOrEmpty
    }

    It 'shows the writes of -Msr <Given>' -ForEach @(@{ Given = 0xc0000082 }, @{ Given = '0xc0000082' }, @{ Given = 3221225602 }) {
        $seen = Watch-XenVmEvent web01 -Event MovToMsr -Msr $Given -First 2 -Duration 60
        $seen | Should -HaveCount 2
        $seen.Msr | Sort-Object -Unique | Should -Be 3221225602
    }

    It 'takes -OnChangeOnly' {
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -OnChangeOnly -First 20 -Duration 60
        $seen | Where-Object { $_.OldValue -eq $_.NewValue } | Should -BeNullOrEmpty
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
