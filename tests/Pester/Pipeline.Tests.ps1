BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'A watch gives everything back' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'when Select-Object -First has enough, by the <Channel> channel, with -Hold:<Hold>' -ForEach @(
        @{ Channel = 'Ring'; Hold = $false }, @{ Channel = 'Ring'; Hold = $true }, @{ Channel = 'Slotted'; Hold = $false }, @{ Channel = 'Slotted'; Hold = $true }
    ) {
        Watch-XenMemAccess web01, db01 -Access Read, Write, Execute -Channel $Channel -Hold:$Hold -ResponseTimeout 60 | Select-Object -First 10 | Should -HaveCount 10
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
        Disable-XenMonitor web01
        Assert-GuestFree web01
    }

    It 'warns of options that it cannot have' {
        $null = Watch-XenVmEvent web01 -Event Cpuid -Channel Ring -ResponseTimeout 5 -First 1 -Duration 60 -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -HaveCount 2
        "$warnings" | Should -Match '-Channel Ring has no effect'
        "$warnings" | Should -Match '-ResponseTimeout has no effect'
        $null = Watch-XenVmEvent web01 -Event Cpuid -Channel Slotted -ResponseTimeout 60 -First 1 -Duration 60 -WarningAction Stop
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

    It 'watches a domain that is named twice once' {
        $out = 'web01', 1, 'w*' | Watch-XenVmEvent -Event Cpuid -First 3 -Duration 60 -ErrorAction Stop -Verbose 4>&1
        $said, $seen = $out.Where({ $_ -is [Management.Automation.VerboseRecord] -and $_.Message -notlike 'Performing the operation*' }, 'Split')
        $said | Should -HaveCount 1
        $seen.Where({ $_ -is [XenVmEvent.Events.VmEvent] }).ForEach({ "$($_.VCpu) $($_.Time.Ticks)" }) | Sort-Object -Unique | Should -HaveCount 3
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
