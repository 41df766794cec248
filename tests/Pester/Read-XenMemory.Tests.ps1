BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Read-XenMemory' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'reads the code of the guest by physical and by virtual address, which Format-Hex shows' {
        $bytes = Read-XenMemory web01 0x16120 -Length 2
        , $bytes | Should -BeOfType ([byte[]])
        $bytes | Should -Be 0x0f, 0xa2
        (Read-XenMemory web01 -VirtualAddress 0xffffffff81016120 -VCpu 1 -Length 2) | Should -Be 0x0f, 0xa2
        (Read-XenMemory web01 -Gfn 0x16 -Offset 0x120 -Length 2) | Should -Be 0x0f, 0xa2
        (Read-XenMemory web01 0x16120 -Length 16 | Format-Hex).HexBytes | Should -BeLike '0F A2 00*'
    }

    It 'reads 256 bytes, or what is left of a page, without -Length' {
        (Read-XenMemory web01 0x1000) | Should -HaveCount 256
        (Read-XenMemory web01 -Gfn 1 -Offset 4000) | Should -HaveCount 96
        Assert-GuestFree web01
    }

    It 'reads the place of an event from the pipeline' {
        $vmEvent = Watch-XenMemAccess web01 -Access Write -First 1
        $page = $vmEvent | Read-XenMemory
        $page.Count | Should -Be (4096 - $vmEvent.Offset)
        (Get-XenDomain web01 | Read-XenMemory -Gfn $vmEvent.Gfn -Length 8) | Should -HaveCount 8
    }

    It 'says what is not there: <name>' -ForEach @(
        @{ name = 'memory'; id = 'InvalidGfn'; arguments = @{ Address = 0x100000000 } }
        @{ name = 'a page'; id = 'InvalidGfn'; arguments = @{ Gfn = [ulong]::MaxValue } }
        @{ name = 'an address'; id = 'InvalidGfn'; arguments = @{ Address = [ulong]::MaxValue } }
        @{ name = 'a mapping'; id = 'InvalidGfn'; arguments = @{ VirtualAddress = 0x1000 } }
        @{ name = 'a vCPU'; id = 'InvalidVCpu'; arguments = @{ VirtualAddress = 0xffffffff81016120; VCpu = 9 } }
    ) {
        $null = Read-XenMemory web01 @arguments -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed.FullyQualifiedErrorId | Should -Be "$id,XenVmEvent.PS.ReadXenMemoryCommand"
        $failed.CategoryInfo.Category | Should -Be 'InvalidArgument'
        $failed.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'reads memory of arm64, but not through its page tables' {
        $null = Connect-XenHost -Simulated -Architecture Arm64
        (Read-XenMemory web01 0x10120 -Length 4) | Should -Be 0x1f, 0x20, 0x03, 0xd5
        $null = Read-XenMemory web01 -VirtualAddress 0x10120 -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed.FullyQualifiedErrorId | Should -BeLike 'NotSupported,*'
    }
}

Describe 'What an instruction pointer is at' {
    BeforeAll {
        $map = Join-Path $TestDrive System.map
        @'
ffffffff81000000 T _text
ffffffff81016100 T native_cpuid
ffffffff82000000 D data
'@ | Set-Content $map
    }
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'is an instruction and a symbol, in the table too' {
        $events = Watch-XenVmEvent web01 -Event Cpuid -First 2 -Disassemble -SymbolMap $map
        $events.Instruction | Should -Be 'cpuid', 'cpuid'
        $events.Symbol | Should -Be 'native_cpuid+0x20', 'native_cpuid+0x20'
        ($events | Format-Table | Out-String -Width 160) | Should -Match 'leaf 0x\S+ subleaf 0x\S+ +native_cpuid\+0x20  cpuid'
        ($events[0] | Format-List | Out-String) | Should -Match 'Instruction +: cpuid'
        $write = Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister CR0 -First 1 -Disassemble -SymbolMap $map
        $write.Instruction, $write.Symbol | Should -Be 'mov cr0, rax', 'native_cpuid+0x1020'
    }

    It 'is looked up by a path of PowerShell' {
        Push-Location TestDrive:
        try { (Watch-XenMemAccess web01 -Access Write -First 1 -SymbolMap System.map).Symbol | Should -BeLike '_text+0x*' }
        finally { Pop-Location }
    }

    It 'is left out unless asked for' {
        $vmEvent = Watch-XenVmEvent web01 -Event Cpuid -First 1
        $vmEvent.Instruction, $vmEvent.Symbol | Should -Be $null, $null
        ($vmEvent | Format-List | Out-String) | Should -Not -Match 'Instruction +:'
    }

    It 'needs a map that is there, and is one' {
        { Watch-XenVmEvent web01 -Event Cpuid -SymbolMap (Join-Path $TestDrive none) } | Should -Throw -ErrorId 'SymbolMapNotRead,*'
        $refused = { Watch-XenVmEvent web01 -Event Cpuid -SymbolMap $PSCommandPath } | Should -Throw -ErrorId 'SymbolMapNotRead,*' -PassThru
        $refused.CategoryInfo.Category | Should -Be 'ReadError'
        Assert-GuestFree web01
    }

    It 'is not disassembled for arm64' {
        $null = Connect-XenHost -Simulated -Architecture Arm64
        $null = Watch-XenMemAccess web01 -Access Write -First 1 -Disassemble -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed.FullyQualifiedErrorId | Should -BeLike 'NotSupported,*'
        Assert-GuestFree web01
    }

    It 'comes from a disassembler that other modules do not see' {
        $null = Watch-XenVmEvent web01 -Event Cpuid -First 1 -Disassemble
        [System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies.GetName().Name | Should -Not -Contain 'Iced'
    }
}
