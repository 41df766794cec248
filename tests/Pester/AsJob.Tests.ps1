BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1

    # Two vCPUs that do nothing but CPUID.
    function Switch-ToBusyGuest {
        $workload = [XenVmEvent.Simulation.Workload]::new([XenVmEvent.Simulation.GuestActionKind[]] 'Cpuid')
        $domain = [XenVmEvent.Simulation.SimulatedDomainOptions] @{ Id = 1; Name = 'web01'; VCpus = 2; Workload = $workload; RoundsPerSecond = 0 }
        Switch-SimulatedHost @{ Domains = [XenVmEvent.Simulation.SimulatedDomainOptions[]] @($domain) }
    }
}
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

    It 'takes what the guest raises, however much that is and however late it is received' {
        Switch-ToBusyGuest
        $buffer = 4096
        $job = Watch-XenVmEvent web01 -Event Cpuid -AsJob -BufferSize $buffer -First (5 * $buffer) -Channel Ring
        $null = $job | Wait-Job -Timeout 120
        $job.State | Should -Be Completed
        $job.HasMoreData | Should -BeTrue
        $kept = $job | Receive-Job -Keep
        $events = $job | Receive-Job -WarningVariable warnings
        $warnings | Should -BeNullOrEmpty
        $events.Count | Should -Be (5 * $buffer)
        $events.Where({ $_ -isnot [XenVmEvent.Events.CpuidEvent] }).Count | Should -Be 0
        $kept.Timestamp -join ' ' -ceq ($events.Timestamp -join ' ') | Should -BeTrue
        foreach ($one in $events | Group-Object VCpu) {
            $one.Group.Timestamp -join ' ' -ceq (($one.Group | Sort-Object Time -Stable).Timestamp -join ' ') | Should -BeTrue -Because 'they come in order'
        }
        $job.HasMoreData | Should -BeFalse
        $job | Receive-Job | Should -BeNullOrEmpty
    }

    It 'gives all to who waits for it' {
        Switch-ToBusyGuest
        $job = Watch-XenVmEvent web01 -Event Cpuid -AsJob -BufferSize 4096 -First 20000
        ($job | Receive-Job -Wait -AutoRemoveJob | Measure-Object).Count | Should -Be 20000
        Get-Job | Should -BeNullOrEmpty
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
        $again | Should -BeOfType XenVmEvent.Events.MemAccessEvent
        foreach ($name in 'Gfn', 'Offset', 'LinearAddress', 'Domain', 'DomainId', 'VCpu', 'InstructionPointer', 'View', 'Details') {
            $again.$name | Should -Be $vmEvent.$name
        }
        $again.Time | Should -Be $vmEvent.Time
        $again.Kind -eq 'MemAccess' | Should -BeTrue
        "$($again.Kind) $($again.Access) $($again.Response)" | Should -Be "$($vmEvent.Kind) $($vmEvent.Access) $($vmEvent.Response)"
        $again.Registers.Rip, $again.Registers.Cr3 | Should -Be $vmEvent.Registers.Rip, $vmEvent.Registers.Cr3
        "$($again.Registers.Cs)" | Should -Be "$($vmEvent.Registers.Cs)"
    }

    It 'can be exported, measured and reported, as the event itself' {
        $vmEvent | Export-XenVmEvent "$TestDrive/event.jsonl"
        $again | Export-XenVmEvent "$TestDrive/copy.jsonl"
        Get-Content "$TestDrive/copy.jsonl" -Raw | Should -Be (Get-Content "$TestDrive/event.jsonl" -Raw)
        $measure = $again | Measure-XenVmEvent
        $measure.Events, $measure.BusiestPages[0].Gfn | Should -Be 1, $vmEvent.Gfn
        # But for the losses, of which a copy does not know.
        $again | ConvertTo-XenVmEventReport | Should -Be (($vmEvent | ConvertTo-XenVmEventReport) -replace '"dropped":0,')
        { $again | Set-XenVmEventResponse -Continue -ErrorAction Stop } | Should -Throw -ErrorId 'AlreadyAnswered,*'
    }

    It 'shows nothing of what makes an event of it again' {
        ($vmEvent | Get-Member).Name | Should -Not -Contain 'Recorded'
        ($vmEvent | ConvertTo-Csv)[0] | Should -Not -Match 'Recorded'
        ($vmEvent | Format-List * | Out-String) | Should -Not -Match 'Recorded'
    }

    It 'of every kind, and of arm64, is the same event again' {
        $kinds = 'Cpuid', 'WriteControlRegister', 'MovToMsr', 'SoftwareBreakpoint', 'DebugException', 'DescriptorAccess', 'GuestRequest'
        $seen = @(Watch-XenVmEvent web01 -Event $kinds -Msr 0xc0000082 -First 200 -Duration 60)
        $seen.Kind | Sort-Object -Unique | Should -HaveCount $kinds.Count
        $null = Connect-XenHost -Simulated -Architecture Arm64
        $seen += @(Watch-XenVmEvent web01 -Event PrivilegedCall -First 2 -Duration 60)
        $null = Connect-XenHost -Simulated
        $copies = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($seen, 3))
        $copies | Should -HaveCount $seen.Count
        $seen | Export-XenVmEvent "$TestDrive/seen.jsonl"
        $copies | Export-XenVmEvent "$TestDrive/copies.jsonl"
        Get-Content "$TestDrive/copies.jsonl" -Raw | Should -Be (Get-Content "$TestDrive/seen.jsonl" -Raw)
    }

    It 'that was read before the module was there is taken by the cmdlets too' {
        $module = (Get-Module XenVmEvent).Path -replace 'XenVmEvent.PS.dll$', 'XenVmEvent.psd1'
        $shell = [powershell]::Create()
        $output = $shell.AddScript("
            `$copy = Import-Clixml '$TestDrive/event.xml'
            `$copy.PSTypeNames[0]
            Import-Module '$module'
            (`$copy | Measure-XenVmEvent).BusiestPages[0].Gfn").Invoke()
        $shell.Streams.Error | Should -BeNullOrEmpty
        $output[0] | Should -BeLike '*MemAccessEvent'
        $output[-1] | Should -Be $vmEvent.Gfn
    }

    It 'that something has been done to stays a copy, and is refused' {
        $text = (Get-Content "$TestDrive/event.xml" -Raw) -replace '("Recorded">)\{', '$1['
        Set-Content "$TestDrive/broken.xml" $text
        $broken = Import-Clixml "$TestDrive/broken.xml"
        $broken.PSTypeNames | Should -Contain 'Deserialized.XenVmEvent.Events.MemAccessEvent'
        $broken.Gfn | Should -Be $vmEvent.Gfn
        { $broken | Measure-XenVmEvent -ErrorAction Stop } | Should -Throw
    }

    It 'from a job of another process is an event' {
        $module = (Get-Module XenVmEvent).Path -replace 'XenVmEvent.PS.dll$', 'XenVmEvent.psd1'
        if (-not (Test-Path "$PSHOME/pwsh*" -Exclude *.dll, *.json, *.xml)) { Set-ItResult -Skipped -Because 'this PowerShell has no program that Start-Job can start' }
        $job = Start-Job { Import-Module $using:module; $null = Connect-XenHost -Simulated; Watch-XenVmEvent web01 -Event Cpuid -First 5 -Duration 60 }
        $events = $job | Receive-Job -Wait -AutoRemoveJob
        $events | Should -HaveCount 5
        $events[0] | Should -BeOfType XenVmEvent.Events.CpuidEvent
        ($events | Measure-XenVmEvent).Events | Should -Be 5
    }

    It 'is shown as before, in a table and in a list' {
        ($again | Format-Table | Out-String -Width 120) | Should -Be ($vmEvent | Format-Table | Out-String -Width 120)
        ($again | Format-List Gfn, Registers | Out-String) | Should -Match 'rax +[0-9a-f]{16} +rbx +[0-9a-f]{16}'
    }
}
