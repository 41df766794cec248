BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Connect-XenHost' {
    BeforeEach { $simulated = Connect-XenHost -Simulated -PassThru }

    It 'says what it is connected to' {
        $simulated | Should -BeOfType XenVmEvent.PS.HostStatus
        $simulated.Host | Should -Be 'simulated Xen'
        $simulated.InterfaceVersion | Should -Be 7
        $simulated.Architecture | Should -Be 'X86'
        $simulated.Guests | Should -Be 2
    }

    It 'makes the simulated host anew, ending the sessions on the one before' {
        Enable-XenMonitor web01
        $before = Get-SimulatedDomain web01
        $null = Connect-XenHost -Simulated
        $before.IsMonitored | Should -BeFalse
        Get-XenMonitor | Should -BeNullOrEmpty
        Get-SimulatedDomain web01 | Should -Not -Be $before
    }

    It 'chooses the host also for the module when it is imported anew' {
        Enable-XenMonitor web01
        $before = Get-SimulatedDomain web01
        Import-Module (Join-Path (Get-Module XenVmEvent).ModuleBase 'XenVmEvent.psd1') -Force -Global
        $before.IsMonitored | Should -BeFalse
        Get-XenMonitor | Should -BeNullOrEmpty
        (Get-XenDomain web01).Name | Should -Be 'web01'
        Get-SimulatedDomain web01 | Should -Be $before
    }

    It 'has guests of the architecture named' {
        (Connect-XenHost -Simulated -Architecture Arm64 -PassThru).Architecture | Should -Be 'Arm64'
        { Connect-XenHost -Architecture Arm64 } | Should -Throw -ErrorId 'InvalidArgument,XenVmEvent.PS.ConnectXenHostCommand'
    }

    It 'takes nothing by position' {
        { Connect-XenHost dom0 } | Should -Throw -ErrorId 'PositionalParameterNotFound,XenVmEvent.PS.ConnectXenHostCommand'
    }

    It 'keeps the host that is there when there is no Xen' {
        if (Test-Path /proc/xen/capabilities) { Set-ItResult -Skipped -Because 'this machine has Xen' }
        Enable-XenMonitor web01
        { Connect-XenHost } | Should -Throw -ErrorId 'XenNotAvailable,XenVmEvent.PS.ConnectXenHostCommand'
        (Get-XenMonitor).Domain | Should -Be 'web01'
    }
}
