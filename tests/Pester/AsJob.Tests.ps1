BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'A watch as a job' {
    BeforeEach { $null = Connect-XenHost -Simulated }
    AfterEach { Get-Job | Remove-Job -Force }

    It 'has its events for Receive-Job, and is completed after the last' {
        $job = Watch-XenVmEvent web01 -Event Cpuid -AsJob -First 20
        $job.PSJobTypeName, $job.Location | Should -Be 'XenVmEvent', 'web01'
        $events = $job | Receive-Job -Wait
        $events | Should -HaveCount 20
        $events[0] | Should -BeOfType XenVmEvent.Events.CpuidEvent
        (Get-Job $job.Id).State | Should -Be Completed
        Assert-GuestFree web01
    }

    It 'of pages of two domains goes on until it is stopped' {
        $job = Watch-XenMemAccess web01, db01 -Access Write -Repeat -AsJob
        $seen = @()
        while (($seen.Domain | Sort-Object -Unique).Count -lt 2) { $seen += $job | Receive-Job; Start-Sleep -Milliseconds 20 }
        $job.State | Should -Be Running
        $job | Stop-Job
        $job.State | Should -Be Stopped
        Assert-GuestFree web01
        Assert-GuestFree db01
    }

    It 'ends its watch when it is removed' {
        Watch-XenVmEvent web01 -Event Cpuid -AsJob | Remove-Job -Force
        Assert-GuestFree web01
    }

    It 'fails when the domain ends, and says why' {
        $guest = Get-SimulatedDomain web01
        $job = Watch-XenVmEvent web01 -Event Cpuid -AsJob
        $guest.Destroy()
        $null = $job | Wait-Job -Timeout 60
        $job.State | Should -Be Failed
        $null = $job | Receive-Job -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed.FullyQualifiedErrorId | Should -BeLike 'SessionEnded*'
    }

    It 'cannot hold events' {
        { Watch-XenVmEvent web01 -Event Cpuid -AsJob -Hold } | Should -Throw -ErrorId 'InvalidArgument,*'
        Get-Job | Should -BeNullOrEmpty
    }
}

Describe 'An event that went through a file or another process' {
    BeforeAll {
        $null = Connect-XenHost -Simulated
        $vmEvent = Watch-XenMemAccess web01 -Access Write -First 1
        $vmEvent | Export-Clixml "$TestDrive/event.xml"
        $again = Import-Clixml "$TestDrive/event.xml"
    }

    It 'has its properties, registers included' {
        $again.PSTypeNames | Should -Contain 'Deserialized.XenVmEvent.Events.MemAccessEvent'
        foreach ($name in 'Gfn', 'Offset', 'LinearAddress', 'Domain', 'DomainId', 'VCpu', 'InstructionPointer', 'View', 'Details') {
            $again.$name | Should -Be $vmEvent.$name
        }
        $again.Time.DateTime | Should -Be $vmEvent.Time.DateTime
        $again.Kind -eq 'MemAccess' | Should -BeTrue
        "$($again.Kind) $($again.Access) $($again.Response)" | Should -Be "$($vmEvent.Kind) $($vmEvent.Access) $($vmEvent.Response)"
        $again.Registers.Rip, $again.Registers.Cr3 | Should -Be $vmEvent.Registers.Rip, $vmEvent.Registers.Cr3
        "$($again.Registers.Cs)" | Should -Be "$($vmEvent.Registers.Cs)"
    }

    It 'is shown as before, in a table and in a list' {
        ($again | Format-Table | Out-String -Width 120) | Should -Be ($vmEvent | Format-Table | Out-String -Width 120)
        ($again | Format-List Gfn, Registers | Out-String) | Should -Match 'rax +[0-9a-f]{16} +rbx +[0-9a-f]{16}'
    }
}
