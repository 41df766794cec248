BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Register-XenVmEvent' {
    BeforeEach { $null = Connect-XenHost -Simulated }
    AfterEach {
        Get-EventSubscriber -Force | Unregister-Event -Force
        Get-Event | Remove-Event
    }

    It 'queues events, until Unregister-Event ends it and gives everything back' {
        Register-XenVmEvent web01 -Access Write -SourceIdentifier writes -MessageData 'mine' | Should -BeNullOrEmpty
        (Get-XenMonitor).Domain | Should -Be 'web01'
        $one = Wait-Event writes -Timeout 60
        $one.SourceEventArgs.VmEvent | Should -BeOfType XenVmEvent.Events.MemAccessEvent
        $one.MessageData | Should -Be 'mine'
        Unregister-Event writes
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'runs the action for each event' {
        $seen = [Collections.Concurrent.ConcurrentQueue[object]]::new()
        $job = Register-XenVmEvent web01 Cpuid -SourceIdentifier cpuid -MessageData $seen -Action { $Event.MessageData.Enqueue($EventArgs.VmEvent) }
        $job.Name | Should -Be 'cpuid'
        foreach ($i in 1..600) { if ($seen.Count -ge 10) { break }; Start-Sleep -Milliseconds 100 }
        $seen.Count | Should -BeGreaterOrEqual 10
        @($seen)[0].Kind | Should -Be 'Cpuid'
        Unregister-Event cpuid
        $job | Remove-Job -Force
        Assert-GuestFree web01
    }

    It 'lets the action answer held events' {
        $answered = [Collections.Concurrent.ConcurrentQueue[object]]::new()
        $null = Register-XenVmEvent web01 MovToMsr -Msr 0xc0000082 -Hold -ResponseTimeout 60 -SourceIdentifier msr -MessageData $answered -Action {
            $EventArgs.VmEvent | Set-XenVmEventResponse -Deny
            $Event.MessageData.Enqueue($EventArgs.VmEvent)
        }
        foreach ($i in 1..600) { if ($answered.Count -ge 3) { break }; Start-Sleep -Milliseconds 100 }
        $answered.Response.Name | Sort-Object -Unique | Should -Be 'Deny'
        Unregister-Event msr
        Assert-GuestFree web01
    }

    It 'ends by itself after -MaxTriggerCount' {
        $null = Register-XenVmEvent web01 Cpuid -SourceIdentifier few -MaxTriggerCount 3
        foreach ($i in 1..600) { if (-not (Get-EventSubscriber few -ErrorAction SilentlyContinue)) { break }; Start-Sleep -Milliseconds 100 }
        Get-Event few | Should -HaveCount 3
        Wait-Condition { -not (Get-SimulatedDomain web01).IsMonitored } | Should -BeTrue
        Assert-GuestFree web01
    }

    It 'takes domains by pipeline, as one subscription; a session that was open stays open' {
        Enable-XenMonitor db01
        'web01', 'db01' | Register-XenVmEvent -Event Cpuid -SourceIdentifier both -SupportEvent
        Get-EventSubscriber -Force | Should -HaveCount 1
        Unregister-Event both -Force
        (Get-XenMonitor).Domain | Should -Be 'db01'
    }

    It 'refuses an identifier that is taken, and leaves no watch behind' {
        Register-XenVmEvent web01 Cpuid -SourceIdentifier one
        Register-XenVmEvent db01 Cpuid -SourceIdentifier one -ErrorAction SilentlyContinue -ErrorVariable refused
        $refused.FullyQualifiedErrorId | Should -Be 'SUBSCRIBER_EXISTS,XenVmEvent.PS.RegisterXenVmEventCommand'
        (Get-XenMonitor).Domain | Should -Be 'web01'
        Assert-GuestFree db01
    }

    It 'refuses what cannot be watched so' {
        { Register-XenVmEvent web01 MemAccess } | Should -Throw -ErrorId 'InvalidArgument,XenVmEvent.PS.RegisterXenVmEventCommand'
        { Register-XenVmEvent nobody Cpuid } | Should -Throw -ErrorId 'DomainNotFound,XenVmEvent.PS.RegisterXenVmEventCommand'
        Register-XenVmEvent web01 Cpuid -WhatIf
        Get-EventSubscriber | Should -BeNullOrEmpty
        Get-XenMonitor | Should -BeNullOrEmpty
    }

    It 'ends when the module is removed' {
        Register-XenVmEvent web01 Cpuid -SourceIdentifier one
        $guest = Get-SimulatedDomain web01
        $manifest = Join-Path (Get-Module XenVmEvent).ModuleBase 'XenVmEvent.psd1'
        Remove-Module XenVmEvent
        $guest.IsMonitored | Should -BeFalse
        Import-Module $manifest -Global
    }
}
