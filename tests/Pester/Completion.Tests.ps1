BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    $null = Connect-XenHost -Simulated
    function Get-Completion([string] $Line) { (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText }
}
AfterAll { Switch-SimulatedHost }

Describe 'Tab completion' {
    It 'of <_> knows the guests, and not dom0' -ForEach @(
        'Get-XenDomain ', 'Enable-XenMonitor ', 'Watch-XenMemAccess ',
        'Watch-XenMemAccess -Domain ', 'Watch-XenVmEvent ', 'Set-XenVmEventResponse -Domain '
    ) {
        Get-Completion $_ | Should -Be 'web01', 'db01'
    }

    It 'of -Domain of <_> knows the guests' -ForEach @(
        (Get-Module XenVmEvent).ExportedCmdlets.Values.Where({ $_.Parameters.ContainsKey('Domain') -and $_.Name -notin 'Get-XenMonitor', 'Disable-XenMonitor', 'Receive-XenVmEvent' -and $_.Noun -ne 'XenVmEventPolicy' }).Name
    ) {
        Get-Completion "$_ -Domain " | Should -Be 'web01', 'db01'
    }

    It 'says what a guest is' {
        $line = 'Get-XenDomain w'
        (TabExpansion2 $line $line.Length).CompletionMatches.ToolTip | Should -Be 'web01 (id 1), Hvm, 2 vCPUs'
    }

    It 'of -Domain <Begun> gives <Completed>' -ForEach @(
        @{ Begun = 'w'; Completed = 'web01' }
        @{ Begun = 'W'; Completed = 'web01' }
        @{ Begun = 'web01,d'; Completed = 'db01' }
    ) {
        Get-Completion "Watch-XenVmEvent -Domain $Begun" | Should -Be $Completed
    }

    It 'of <_> knows the sessions' -ForEach 'Get-XenMonitor ', 'Disable-XenMonitor -Domain ' {
        Enable-XenMonitor db01
        Get-Completion $_ | Should -Be 'db01'
        Disable-XenMonitor db01
        Get-Completion $_ | Should -Not -Contain 'web01'
    }

    It 'quotes a name that needs it' {
        Switch-SimulatedHost @{ Domains = [XenVmEvent.Simulation.SimulatedDomainOptions[]] @(@{ Id = 1; Name = "bob's vm" }) }
        Get-Completion 'Get-XenDomain ' | Should -Be "'bob''s vm'"
        $null = Connect-XenHost -Simulated
    }

    It 'of -Domain is empty where there is no host' {
        if (Test-Path /proc/xen/capabilities) { Set-ItResult -Skipped -Because 'this machine has Xen' }
        Switch-SimulatedHost
        Get-Completion 'Get-XenDomain -Domain nosuch' | Should -BeNullOrEmpty
        $null = Connect-XenHost -Simulated
    }

    It 'of <_> offers no file' -ForEach @(
        'Watch-XenMemAccess web01 -Access Write -Gfn ', 'Get-XenMemAccess web01 -Gfn ', 'Set-XenMemAccess web01 -Gfn ', 'Read-XenMemory web01 -Gfn ',
        'Register-XenVmEvent web01 -Access Write -Gfn ', 'Watch-XenVmEvent nosuch -Event SingleStep -VCpu ', 'Read-XenMemory nosuch -VCpu ',
        'Receive-XenVmEvent ', 'Receive-XenVmEvent x -HostName ', 'Receive-XenVmEvent x -Domain ', 'Receive-XenVmEvent x -Group ', 'Get-XenVmEventHost '
    ) {
        Get-Completion $_ | Should -BeNullOrEmpty
    }

    It 'of -VCpu knows the vCPUs' {
        Get-Completion 'Watch-XenVmEvent web01 -Event SingleStep -VCpu ' | Should -Be '0', '1'
        Get-Completion 'Read-XenMemory web01 -VCpu ' | Should -Be '0', '1'
    }

    It 'of <Line> gives <Completed>' -ForEach @(
        @{ Line = 'Watch-XenVmEvent web01 -Event C'; Completed = 'Cpuid' }
        @{ Line = 'Receive-XenVmEvent x -Event C'; Completed = 'Cpuid' }
        @{ Line = 'Watch-XenVmEvent web01 -Event Cpuid,W'; Completed = 'WriteControlRegister' }
        @{ Line = 'Watch-XenVmEvent web01 -Event Cpuid -ControlRegister X'; Completed = 'Xcr0' }
        @{ Line = 'Watch-XenVmEvent web01 -Event MovToMsr -Msr IA32_LS'; Completed = 'IA32_LSTAR' }
        @{ Line = 'Watch-XenVmEvent web01 -Event MovToMsr -Msr IA32_LSTAR,efe'; Completed = 'IA32_EFER' }
        @{ Line = 'Set-XenVmEventResponse -Register rfl'; Completed = '@{ Rflags = 0 }' }
        @{ Line = 'Watch-XenVmEvent web01 -Event Cpuid -Channel S'; Completed = 'Slotted' }
        @{ Line = 'Watch-XenMemAccess web01 -Access W'; Completed = 'Write' }
        @{ Line = 'Watch-XenMemAccess web01 -Access Write,R'; Completed = 'Read' }
        @{ Line = 'Enable-XenMonitor web01 -Channel R'; Completed = 'Ring' }
        @{ Line = 'Set-XenVmEventResponse -Domain web01 -Event MovTo'; Completed = 'MovToMsr' }
        @{ Line = '$held | Set-XenVmEventResponse -EmulateN'; Completed = '-EmulateNoWrite' }
        @{ Line = '$held | Set-XenVmEventResponse -Register @{ Rfl'; Completed = 'Rflags' }
        @{ Line = '$held | Set-XenVmEventResponse -Register @{ Rax = 1; R15 = 2; ri'; Completed = 'Rip' }
        @{ Line = '$held | Set-XenVmEventResponse -Fast'; Completed = '-FastSingleStepView' }
    ) {
        Get-Completion $Line | Should -Be $Completed
    }
}
