BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'A watch gives everything back' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'when Select-Object -First has enough, by the <_> channel' -ForEach 'Ring', 'Slotted' {
        Watch-XenMemAccess web01, db01 -Access Read, Write, Execute -Channel $_ | Select-Object -First 10 | Should -HaveCount 10
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01, db01
    }

    It 'when the pipeline throws' {
        { Watch-XenMemAccess web01 -Access Write -Duration 60 | ForEach-Object { throw 'enough' } } | Should -Throw 'enough'
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'when the pipeline throws while an event is held' {
        { Watch-XenVmEvent web01 -Event Cpuid -Hold -ResponseTimeout 60 | ForEach-Object { $script:held = $_; throw 'enough' } } |
            Should -Throw 'enough'
        $held.ResponseState | Should -Be 'Released'
        $held.Response.Name | Should -Be 'Continue'
        Assert-GuestFree web01
    }

    It 'when it is broken out of' {
        foreach ($once in 1) { Watch-XenMemAccess web01 -Access Write -Duration 60 | ForEach-Object { break } }
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'when it is stopped as by Ctrl-C' {
        $shell = Open-Shell 'Watch-XenMemAccess web01, db01 -Access Write -Repeat'
        $output = [Management.Automation.PSDataCollection[psobject]]::new()
        $running = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]] $null, $output)
        Wait-Condition { $output.Count -ge 10 } | Should -BeTrue
        (Get-XenMonitor).Domain | Should -Be 'web01', 'db01'
        $shell.Stop()
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        { $shell.EndInvoke($running) } | Should -Throw
        $shell.Dispose()
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01, db01
    }

    It 'when it is stopped while no event comes' {
        $shell = Open-Shell 'Watch-XenMemAccess web01 -Access Execute -Gfn 0xf00'
        $null = $shell.BeginInvoke()
        Wait-Condition { Get-XenMonitor } | Should -BeTrue
        $shell.Stop()
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $shell.Dispose()
        Assert-GuestFree web01
    }

    It 'when it is stopped while an event is held' {
        $busy = [Threading.ManualResetEvent]::new($false)
        $shell = (Open-Shell 'param($Busy) Watch-XenVmEvent web01 -Event Cpuid -Hold -ResponseTimeout 600 | ForEach-Object { $_; $Busy.WaitOne() }').AddArgument($busy)
        $output = [Management.Automation.PSDataCollection[psobject]]::new()
        $null = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]] $null, $output)
        Wait-Condition { $output.Count -ge 1 } | Should -BeTrue
        $output[0].ResponseState | Should -Be 'Held'
        $stopping = $shell.BeginStop($null, $null)
        # The script is busy still; what the guest waits for does not depend on it.
        Disable-XenMonitor web01
        $output[0].ResponseState | Should -Be 'Released'
        Assert-GuestFree web01
        $null = $busy.Set()
        $shell.EndStop($stopping)
        $shell.Dispose()
        $busy.Dispose()
    }

    It 'when its session is disabled from elsewhere; it ends' {
        $shell = Open-Shell 'Watch-XenMemAccess web01 -Access Write -Repeat'
        $output = [Management.Automation.PSDataCollection[psobject]]::new()
        $running = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]] $null, $output)
        Wait-Condition { $output.Count -ge 1 } | Should -BeTrue
        Disable-XenMonitor web01
        $running.AsyncWaitHandle.WaitOne([timespan]::FromSeconds(60)) | Should -BeTrue
        $shell.Dispose()
        Assert-GuestFree web01
    }

    It 'when the module is removed, with sessions open' {
        $guests = Get-SimulatedDomain web01
        Enable-XenMonitor web01
        $manifest = Join-Path (Get-Module XenVmEvent).ModuleBase 'XenVmEvent.psd1'
        Remove-Module XenVmEvent
        $guests.IsMonitored | Should -BeFalse
        Import-Module $manifest -Global
        $null = Connect-XenHost -Simulated
        Get-XenMonitor | Should -BeNullOrEmpty
    }
}

Describe 'A watch on a session that is open' {
    BeforeEach {
        $null = Connect-XenHost -Simulated
        Enable-XenMonitor web01 -ResponseTimeout 60
    }

    It 'leaves it open, and the pages as they were' {
        Watch-XenMemAccess web01 -Access Write | Select-Object -First 5 | Should -HaveCount 5
        (Get-XenMonitor).Domain | Should -Be 'web01'
        $guest = Get-SimulatedDomain web01
        $guest.DefaultMemAccess | Should -Be 'Rwx'
        0..4095 | Where-Object { $guest.GetMemAccess($_) -ne 'Rwx' } | Should -BeNullOrEmpty
    }

    It 'warns of options that it cannot have' {
        $null = Watch-XenVmEvent web01 -Event Cpuid -Channel Ring -ResponseTimeout 5 -First 1 -Duration 60 -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -HaveCount 2
        "$warnings" | Should -Match '-Channel Ring has no effect'
        "$warnings" | Should -Match '-ResponseTimeout has no effect'
    }

    It 'goes side by side with another, each with its own events' {
        $shells = 'Cpuid', 'SoftwareBreakpoint' | ForEach-Object { Open-Shell "Watch-XenVmEvent web01 -Event $_ -First 50 -Duration 60" }
        $running = $shells | ForEach-Object { $_.BeginInvoke() }
        $seen = 0, 1 | ForEach-Object { , $shells[$_].EndInvoke($running[$_]) }
        $shells.Dispose()
        $seen[0] | Should -HaveCount 50
        $seen[1] | Should -HaveCount 50
        $seen[0].Kind | Sort-Object -Unique | Should -Be 'Cpuid'
        $seen[1].Kind | Sort-Object -Unique | Should -Be 'SoftwareBreakpoint'
        (Get-XenMonitor).Statistics.Dropped | Should -Be 0
        Disable-XenMonitor web01
        Assert-GuestFree web01
    }

    It 'sees the same events as another that wants the same' {
        $outer = [Collections.Generic.List[object]]::new()
        Watch-XenVmEvent web01 -Event Cpuid -First 1 -Duration 60 | ForEach-Object {
            $outer.Add($_)
            Watch-XenVmEvent web01 -Event Cpuid -First 3 -Duration 60 | Should -HaveCount 3
        }
        $outer | Should -HaveCount 1
    }
}

Describe 'A watch on several domains' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'writes the events of all' {
        $domains = [Collections.Generic.HashSet[string]]::new()
        Watch-XenMemAccess web01, db01 -Access Write -Repeat -Duration 60 | Where-Object { $domains.Add($_.Domain) } |
            Select-Object -First 2 | Should -HaveCount 2
        Assert-GuestFree web01, db01
    }

    It 'takes them by wildcard, dom0 left out, each once' {
        $domains = [Collections.Generic.HashSet[string]]::new()
        '*', 'web01', 1 | Watch-XenVmEvent -Event Cpuid -Duration 60 -ErrorAction Stop | Where-Object { $domains.Add($_.Domain) } |
            Select-Object -First 2 | Should -HaveCount 2
        $domains | Sort-Object | Should -Be 'db01', 'web01'
    }

    It 'goes on with the others when one dies' {
        $guest = Get-SimulatedDomain web01
        $count = 0
        $seen = Watch-XenVmEvent web01, db01 -Event Cpuid -First 400 -Duration 60 -ErrorAction SilentlyContinue -ErrorVariable errors |
            ForEach-Object { if (++$count -eq 1) { $guest.Destroy() }; $_ }
        $seen | Should -HaveCount 400
        $errors.FullyQualifiedErrorId | Should -Be 'SessionEnded,XenVmEvent.PS.WatchXenVmEventCommand'
        Assert-GuestFree db01
    }
}

Describe 'A held event' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'that the pipeline leaves unanswered gets its default when the pipeline returns' {
        $seen = Watch-XenVmEvent web01 -Event Cpuid -Hold -ResponseTimeout 60 -First 10 -Duration 60 |
            ForEach-Object { $_.ResponseState | Should -Be 'Held'; $_ }
        $seen | Should -HaveCount 10
        $seen.ResponseState | Sort-Object -Unique | Should -Be 'Released'
        $seen.Response.Name | Sort-Object -Unique | Should -Be 'Continue'
        Assert-GuestFree web01
    }

    It 'keeps its vCPU from running' {
        Watch-XenVmEvent web01 -Event Cpuid -Hold -ResponseTimeout 60 -First 1 -Duration 60 | ForEach-Object {
            @((Get-SimulatedDomain web01).VCpus)[$_.VCpu].IsPaused | Should -BeTrue
        }
        Assert-GuestFree web01
    }

    It 'gets its default at its deadline' {
        $seen = Watch-XenVmEvent web01 -Event Cpuid -Hold -ResponseTimeout 0.05 -First 1 -Duration 60 | ForEach-Object {
            $one = $_
            Wait-Condition { $one.ResponseState -eq 'TimedOut' } | Should -BeTrue
            $_ | Set-XenVmEventResponse -Continue -ErrorAction SilentlyContinue -ErrorVariable late
            $late.FullyQualifiedErrorId | Should -Be 'AlreadyAnswered,XenVmEvent.PS.SetXenVmEventResponseCommand'
            $_
        }
        $seen.Response.Name | Should -Be 'Continue'
        Assert-GuestFree web01
    }

    It 'has a deadline of up to an hour' {
        Watch-XenVmEvent web01 -Event Cpuid -Hold -ResponseTimeout 3600 -First 5 -Duration 60 | ForEach-Object {
            $_.ResponseState | Should -Be 'Held'
            $_ | Set-XenVmEventResponse -Continue -ErrorAction Stop
        }
        Assert-GuestFree web01
    }

    It 'is counted' {
        Enable-XenMonitor web01 -ResponseTimeout 60
        Watch-XenVmEvent web01 -Event Cpuid -Hold -First 3 -Duration 60 | Set-XenVmEventResponse -Continue
        (Get-XenMonitor).Statistics.Held | Should -BeGreaterOrEqual 3
        (Get-XenMonitor).Statistics.TimedOut | Should -Be 0
    }
}

Describe 'A pipeline too slow for the guest' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'slows the guest, and loses nothing within the deadline' {
        Enable-XenMonitor web01 -ResponseTimeout 600
        $null = Watch-XenVmEvent web01 -Event Cpuid, WriteControlRegister -BufferSize 1 -First 100 -Duration 60
        (Get-XenMonitor).Dropped | Should -Be 0
    }

    It 'is warned of what was lost after the deadline' {
        Enable-XenMonitor web01 -ResponseTimeout 0.01
        $first = $true
        $null = Watch-XenVmEvent web01 -Event Cpuid, WriteControlRegister -BufferSize 1 -Duration 1 -WarningVariable warnings -WarningAction SilentlyContinue |
            ForEach-Object {
                if ($first) { Wait-Condition { (Get-XenMonitor).Dropped -ge 1 } | Should -BeTrue }
                $first = $false
            }
        "$warnings" | Should -Match 'events were lost'
        Disable-XenMonitor web01
        Assert-GuestFree web01
    }
}
