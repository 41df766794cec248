BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Watch-XenMemAccess' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'writes events with everything that a page access has' {
        $before = [datetimeoffset]::Now
        $events = Watch-XenMemAccess web01 -Access Write -First 5 -Duration 60
        $events | Should -HaveCount 5
        foreach ($one in $events) {
            $one | Should -BeOfType XenVmEvent.Events.MemAccessEvent
            $one.Time | Should -BeGreaterOrEqual $before
            $one.Time | Should -BeLessOrEqual ([datetimeoffset]::Now)
            $one.Domain | Should -Be 'web01'
            $one.DomainId | Should -Be 1
            $one.VCpu | Should -BeIn 0, 1
            $one.Kind | Should -Be 'MemAccess'
            $one.Access | Should -Be 'Write'
            $one.Gfn | Should -BeLessOrEqual 0xfff
            $one.Offset | Should -BeLessThan 4096
            $one.LinearAddress -band 0xfff | Should -Be $one.Offset
            $one.InstructionPointer | Should -Be $one.Registers.Rip
            $one.IsSynchronous | Should -BeTrue
            $one.Response.Name | Should -Be 'Continue'
            $one.ResponseState | Should -Be 'Default'
        }
        Assert-GuestFree web01
    }

    It 'takes domain and access by position' {
        $one = Watch-XenMemAccess 2 Read, Execute -First 1 -Duration 60
        $one.Domain | Should -Be 'db01'
        $one.Access | Should -BeIn 'Read', 'Execute'
    }

    It 'shows only <_>' -ForEach 'Read', 'Write', 'Execute' {
        $seen = Watch-XenMemAccess web01 -Access $_ -First 20 -Duration 60
        $seen | Should -HaveCount 20
        $wanted = [XenVmEvent.Events.PageAccess] $_
        $seen | Where-Object { -not ($_.Access -band $wanted) } | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'takes -Access <Given>' -ForEach @(
        @{ Given = 4; Seen = 'Execute' }
        @{ Given = 'Read,Write'; Seen = 'Read', 'Write' }
        @{ Given = 'Read', 'execute'; Seen = 'Read', 'Execute' }
    ) {
        $events = Watch-XenMemAccess web01 -Access $Given -First 20 -Duration 60
        $events | Should -HaveCount 20
        $wanted = [XenVmEvent.Events.PageAccess] $Seen
        $events | Where-Object { -not ($_.Access -band $wanted) } | Should -BeNullOrEmpty
    }

    It 'takes -Gfn <Given>' -ForEach @(
        @{ Given = 0x101 }
        @{ Given = 0x101L }
        @{ Given = '257' }
        @{ Given = '0x101-0x101' }
        @{ Given = '0x101,0x101' }
        @{ Given = 0x100, '0x102-0x103,0x105', [XenVmEvent.Monitoring.GfnRange]::new(0x107, 0x107) }
        @{ Given = 0x100..0x10f }
        @{ Given = '0x100-0x10f' }
        @{ Given = '256-271' }
        @{ Given = '0x100-0x107', '0x108-0x10f' }
        @{ Given = '0x100-0x107,0x108-0x10f' }
        @{ Given = [XenVmEvent.Monitoring.GfnRange]::new(0x100, 0x10f) }
    ) {
        $seen = Watch-XenMemAccess web01 -Access Write -Gfn $Given -Repeat -First 5 -Duration 60
        $seen | Should -HaveCount 5
        $seen | Where-Object { $_.Gfn -lt 0x100 -or $_.Gfn -gt 0x10f } | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'gives a page its permissions back after its first access' {
        # By one vCPU, for two may write a page for the first time at the same time.
        Switch-SimulatedHost @{ Domains = [XenVmEvent.Simulation.SimulatedDomainOptions[]] @(@{ Id = 1; Name = 'web01' }) }
        Enable-XenMonitor web01
        $watch = { Watch-XenMemAccess web01 -Access Write -Gfn 0x100-0x10f -First 16 -Duration 60 }
        $seen = & $watch
        $seen.Gfn | Sort-Object -Unique | Should -HaveCount 16
        & $watch | Should -HaveCount 16 -Because 'each watch begins anew'
    }

    It 'with -Repeat keeps a page watched' {
        $seen = Watch-XenMemAccess web01 -Access Write -Gfn 0x100-0x10f -Repeat -First 50 -Duration 60
        $seen | Should -HaveCount 50
        Assert-GuestFree web01
    }

    It 'ends after -Duration <Given>' -ForEach @(@{ Given = 0.1 }, @{ Given = '0.1' }, @{ Given = '00:00:00.1' }, @{ Given = [timespan]::FromMilliseconds(100) }) {
        $taken = Measure-Command { Watch-XenMemAccess web01 -Access Execute -Gfn 0xf00 -Duration $Given | Should -BeNullOrEmpty }
        $taken.TotalSeconds | Should -BeGreaterOrEqual 0.1
        Assert-GuestFree web01
    }

    It 'leaves a session as it was when it is refused' {
        Enable-XenMonitor web01
        { Watch-XenMemAccess web01 -Access Write -Gfn 0x1000 -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidGfn,*'
        (Get-XenMonitor).State | Should -Be 'Running'
        Watch-XenMemAccess web01 -Access Write -First 1 -Duration 60 | Should -HaveCount 1
    }

    It 'takes domains by pipeline and from the property Domain' {
        (Get-XenDomain db01 | Watch-XenMemAccess -Access Write -First 1 -Duration 60).Domain | Should -Be 'db01'
        ([pscustomobject]@{ Domain = 'web01' } | Watch-XenMemAccess -Access Write -First 1 -Duration 60).Domain | Should -Be 'web01'
    }

    It 'works by the <_> channel' -ForEach 'Ring', 'Slotted' {
        Watch-XenMemAccess web01 -Access Read, Write -Channel $_ -First 20 -Duration 60 | Should -HaveCount 20
        Assert-GuestFree web01
    }

    It 'does nothing with -WhatIf' {
        Watch-XenMemAccess web01 -Access Write -WhatIf | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }
}
