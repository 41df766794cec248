BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'A watch shows only what its filters say' {
    BeforeAll {
        $null = Connect-XenHost -Simulated
        $map = Join-Path $TestDrive System.map
        @'
ffffffff81000000 T _text
ffffffff81016100 T native_cpuid
ffffffff81017000 T native_write_cr
ffffffff82000000 D data
'@ | Set-Content $map
    }

    It 'by instruction pointer, <Given> being what it says' -ForEach @(
        @{ Given = 0xffffffff81016120 }
        @{ Given = 0xffffffff81016120ul }
        @{ Given = '0xffffffff81016120' }
        @{ Given = '0xffffffff81016100-0xffffffff81016fff' }
        @{ Given = '5', 0xffffffff81016120 }
        @{ Given = 18446744071578935584 }
        @{ Given = [XenVmEvent.Events.AddressRange]::new(0xffffffff81016120ul) }
    ) {
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister, Cpuid -InstructionPointer $Given -First 4 -Duration 60
        $seen.Kind | Should -Be 'Cpuid', 'Cpuid', 'Cpuid', 'Cpuid'
    }

    It 'by new value, a literal of 32 bits being what it says' {
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -NewValue 0x80050033 -First 2 -Duration 60
        $seen.NewValue | Should -Be 0x80050033ul, 0x80050033ul
    }

    It 'but for the values that it leaves out' {
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister CR0 -ExcludeNewValue 0x80050033 -First 3 -Duration 60
        $seen.NewValue | Should -Be 0x8005003bul, 0x8005003bul, 0x8005003bul
    }

    It 'by symbol <_>' -ForEach 'native_cpuid', 'NATIVE_c*' {
        $seen = Watch-XenVmEvent web01 -Event WriteControlRegister, Cpuid -Symbol $_ -SymbolMap $map -First 4 -Duration 60
        $seen.Symbol | Select-Object -Unique | Should -Be 'native_cpuid+0x20'
    }

    It 'by linear address, and keeps pages watched until then' {
        $one = Watch-XenMemAccess web01 -Access Write -First 1 -Duration 60
        $range = '0x{0:x}-0x{1:x}' -f ($one.LinearAddress -band -bnot 0xffful), ($one.LinearAddress -bor 0xffful)
        $seen = Watch-XenMemAccess web01 -Access Write -Repeat -LinearAddress $range -First 3 -Duration 60
        $seen.Gfn | Should -Be $one.Gfn, $one.Gfn, $one.Gfn
        Assert-GuestFree web01
    }

    It 'and answers the others at once, though it holds' {
        $held = Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister CR0 -NewValue 0x80050033 -Hold -ResponseTimeout 60 -First 2 -Duration 60 |
            ForEach-Object { $_ | Set-XenVmEventResponse -Continue; $_ }
        $held.ResponseState | Should -Be 'Given', 'Given'
    }

    It 'and refuses what could never be shown: <Name>' -ForEach @(
        @{ Name = 'a value of a kind without'; Watch = { Watch-XenVmEvent web01 -Event MovToMsr, Cpuid -Msr 1 -NewValue 1 } }
        @{ Name = 'no value'; Watch = { Watch-XenVmEvent web01 -Event MovToMsr -Msr 1 -NewValue 1 -ExcludeNewValue 1 } }
        @{ Name = 'a symbol without a map'; Watch = { Watch-XenVmEvent web01 -Event Cpuid -Symbol native_cpuid } }
        @{ Name = 'a symbol that the map has not'; Watch = { Watch-XenVmEvent web01 -Event Cpuid -Symbol nativecpuid -SymbolMap $map } }
        @{ Name = 'data'; Watch = { Watch-XenMemAccess web01 -Access Write -Symbol data -SymbolMap $map } }
        @{ Name = 'code elsewhere'; Watch = { Watch-XenVmEvent web01 -Event Cpuid -Symbol native_cpuid -SymbolMap $map -InstructionPointer 1 } }
    ) {
        $Watch | Should -Throw -ErrorId 'InvalidArgument,*'
        Assert-GuestFree web01
    }

    It 'and takes no <Name> for an address' -ForEach @{ Name = 'word'; Given = 'main' }, @{ Name = 'fraction'; Given = 1.5 }, @{ Name = 'nothing'; Given = $null }, @{ Name = 'range backwards'; Given = '2-1' } {
        { Watch-XenVmEvent web01 -Event Cpuid -InstructionPointer $Given -First 1 } | Should -Throw -ErrorId 'ParameterArgument*'
    }
}

Describe 'Import-XenVmEvent reads only what its filters say' {
    BeforeAll {
        $null = Connect-XenHost -Simulated
        $file = Join-Path $TestDrive a.jsonl
        $map = Join-Path $TestDrive System.map
        "ffffffff81000000 T _text`nffffffff81016100 T native_cpuid`nffffffff81017000 T native_write_cr`nffffffff82000000 D data" | Set-Content $map
        Watch-XenVmEvent web01 -Event Cpuid, MovToMsr, WriteControlRegister -Msr IA32_LSTAR -First 300 -Duration 60 -SymbolMap $map | Export-XenVmEvent $file
        Watch-XenMemAccess web01 -Access Write -First 5 -Duration 60 | Export-XenVmEvent $file -Append
        $all = Import-XenVmEvent $file
    }

    It 'by <Name>' -ForEach @(
        @{ Name = 'new value'; Filter = @{ NewValue = 0x80050033 }; Meant = { $_.NewValue -eq 0x80050033ul } }
        @{ Name = 'what is left out'; Filter = @{ ExcludeNewValue = 0x80050033 }; Meant = { $null -ne $_.NewValue -and $_.NewValue -ne 0x80050033ul } }
        @{ Name = 'instruction pointer'; Filter = @{ InstructionPointer = 0xffffffff81016120 }; Meant = { $_.InstructionPointer -eq 0xffffffff81016120ul } }
        @{ Name = 'linear address'; Filter = @{ LinearAddress = '0xffff888000000000-0xffff8880ffffffff' }; Meant = { $_.Kind -eq 'MemAccess' } }
        @{ Name = 'recorded symbol'; Filter = @{ Symbol = 'native_cpuid' }; Meant = { $_.Symbol -like 'native_cpuid+*' } }
    ) {
        $read = @(Import-XenVmEvent $file @Filter)
        $read.Count | Should -BeGreaterThan 0
        "$read" | Should -Be "$($all | Where-Object $Meant)"
    }

    It 'by symbol of a map, which all events get' {
        $read = Import-XenVmEvent $file -Symbol native_cpuid -SymbolMap $map
        "$read" | Should -Be "$($all | Where-Object Symbol -Like 'native_cpuid+*')"
        (Import-XenVmEvent $file -SymbolMap $map).Symbol | Should -Not -Contain $null
        { Import-XenVmEvent $file -Symbol none -SymbolMap $map } | Should -Throw -ErrorId 'InvalidArgument,*'
    }
}
