BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1

    # The one error that a command ends with or goes on after; it must not have returned anything either.
    function Get-TheError([scriptblock] $Command) {
        try { $out = & $Command 2>&1 } catch { $out = $_ }
        $records = @($out | Where-Object { $_ -is [Management.Automation.ErrorRecord] })
        @($out) | Should -HaveCount 1
        $records | Should -HaveCount 1
        $records[0]
    }
}
AfterAll { Switch-SimulatedHost }

Describe 'An error about' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It '<What>: <Id>' -ForEach @(
        @{ What = 'a domain that is not there'; Command = { Get-XenDomain nosuch }
            Id = 'DomainNotFound'; Category = 'ObjectNotFound'; Target = 'nosuch'
            Message = "There is no domain 'nosuch'."; Remedy = 'web01 \(id 1\)' }
        @{ What = 'a wildcard that is none'; Command = { Get-XenDomain 'web[' }
            Id = 'DomainNotFound'; Category = 'ObjectNotFound'; Target = 'web['; Message = 'web\['; Remedy = 'web01 \(id 1\)' }
        @{ What = 'an id that is not there'; Command = { Watch-XenMemAccess 99 -Access Write -Duration 60 }
            Id = 'DomainNotFound'; Category = 'ObjectNotFound'; Target = '99'; Message = '99'; Remedy = 'web01 \(id 1\)' }
        @{ What = 'a uuid that is not there'; Command = { Enable-XenMonitor 5e6f0009-11f0-4d5e-9c1a-58656e564d09 }
            Id = 'DomainNotFound'; Category = 'ObjectNotFound'; Target = '5e6f0009-11f0-4d5e-9c1a-58656e564d09'; Message = '5e6f0009'; Remedy = 'web01' }
        @{ What = 'watching dom0'; Command = { Watch-XenMemAccess 0 -Access Write -Duration 60 }
            Id = 'DomainNotSupported'; Category = 'InvalidType'; Target = 'Domain-0 (id 0)'; Message = 'dom0'; Remedy = 'HVM or PVH' }
        @{ What = 'enabling dom0'; Command = { Enable-XenMonitor Domain-0 }
            Id = 'DomainNotSupported'; Category = 'InvalidType'; Target = 'Domain-0 (id 0)'; Message = 'dom0'; Remedy = 'HVM or PVH' }
        @{ What = 'disabling what is not enabled'; Command = { Disable-XenMonitor web01 }
            Id = 'SessionEnded'; Category = 'ConnectionError'; Target = 'web01 (id 1)'; Message = 'not monitored'; Remedy = 'Get-XenMonitor' }
        @{ What = 'a default for what is not enabled'; Command = { Set-XenVmEventResponse web01 Cpuid -Continue }
            Id = 'SessionEnded'; Category = 'ConnectionError'; Target = 'web01 (id 1)'; Message = 'not monitored'; Remedy = 'Enable-XenMonitor' }
        @{ What = 'no response'; Command = { Set-XenVmEventResponse web01 Cpuid }
            Id = 'ResponseNotApplicable'; Category = 'InvalidOperation'; Target = 'web01'; Message = 'No response'; Remedy = '-EmulateNoWrite' }
        @{ What = 'two responses'; Command = { Set-XenVmEventResponse web01 Cpuid -Continue -Deny }
            Id = 'ResponseNotApplicable'; Category = 'InvalidOperation'; Target = 'web01'; Message = 'Continue and Deny'; Remedy = '-EmulateNoWrite' }
        @{ What = 'a response beside data that is one'; Command = { Set-XenVmEventResponse web01 SoftwareBreakpoint -Skip -InstructionData 0x90 }
            Id = 'ResponseNotApplicable'; Category = 'InvalidOperation'; Target = 'web01'; Message = 'InstructionData is for Emulate alone, not for Skip'; Remedy = 'Emulate' }
        @{ What = 'registers and data in one response'; Command = { Set-XenVmEventResponse web01 MemAccess -EmulatedReadData 1 -Register @{ Rax = 1 } }
            Id = 'ResponseNotApplicable'; Category = 'InvalidOperation'; Target = 'web01'; Message = 'share one place'; Remedy = 'Choose one' }
        @{ What = 'two ways to step'; Command = { Set-XenVmEventResponse web01 Cpuid -ToggleSingleStep -FastSingleStepView 1 }
            Id = 'ResponseNotApplicable'; Category = 'InvalidOperation'; Target = 'web01'; Message = 'exclude each other'; Remedy = 'Choose one' }
        @{ What = 'no page access'; Command = { Watch-XenMemAccess web01 -Access None }
            Id = 'InvalidArgument'; Category = 'InvalidArgument'; Target = 'None'; Message = 'No access'; Remedy = 'Read, Write and Execute' }
        @{ What = 'a gfn beyond the domain'; Command = { Watch-XenMemAccess web01 -Access Write -Gfn 0x100-0x1000 -Duration 60 }
            Id = 'InvalidGfn'; Category = 'InvalidArgument'; Target = 'web01 (id 1)'; Message = '0xfff'; Remedy = 'Name pages' }
        @{ What = 'page access as a kind of event'; Command = { Watch-XenVmEvent web01 -Event MemAccess }
            Id = 'InvalidArgument'; Category = 'InvalidArgument'; Target = 'MemAccess'; Message = 'by pages'; Remedy = 'Watch-XenMemAccess' }
        @{ What = 'MovToMsr without -Msr'; Command = { Watch-XenVmEvent web01 -Event MovToMsr }
            Id = 'InvalidArgument'; Category = 'InvalidArgument'; Target = 'MovToMsr'; Message = 'none was named'; Remedy = '-Msr' }
        @{ What = 'an MSR that cannot be watched'; Command = { Watch-XenVmEvent web01 -Event MovToMsr -Msr 0x12345 -Duration 60 }
            Id = 'NotSupported'; Category = 'NotImplemented'; Target = 'web01 (id 1)'; Message = '0x12345'; Remedy = '\w' }
        @{ What = 'a vCPU that the domain does not have'; Command = { Watch-XenVmEvent web01 -Event SingleStep -VCpu 2 -Duration 60 }
            Id = 'InvalidVCpu'; Category = 'InvalidArgument'; Target = 'web01 (id 1)'; Message = 'no vCPU 2'; Remedy = '0 to 1' }
        @{ What = 'a kind that the host does not have'; Command = { Watch-XenVmEvent web01 -Event PrivilegedCall -Duration 60 }
            Id = 'NotSupported'; Category = 'NotImplemented'; Target = 'web01 (id 1)'; Message = 'PrivilegedCall'; Remedy = '\w' }
    ) {
        $record = Get-TheError $Command
        $record.FullyQualifiedErrorId | Should -Match "^$Id,XenVmEvent\.PS\.\w+Command$"
        $record.CategoryInfo.Category | Should -Be $Category
        "$($record.TargetObject)" | Should -Be $Target
        $record.Exception | Should -BeOfType XenVmEvent.XenException
        $record.Exception.Id | Should -Be $Id
        $record.Exception.Message | Should -Match $Message
        $record.ErrorDetails.Message | Should -Be $record.Exception.Message
        $record.ErrorDetails.RecommendedAction | Should -MatchExactly $Remedy
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'a parameter: <What>' -ForEach @(
        @{ What = 'no count'; Command = { Watch-XenMemAccess web01 -Access Write -First 0 }; Id = 'ParameterArgumentValidationError'; Message = 'First' }
        @{ What = 'a negative count'; Command = { Watch-XenVmEvent web01 -Event Cpuid -First -1 }; Id = 'ParameterArgumentValidationError'; Message = 'First' }
        @{ What = 'a count that is none'; Command = { Watch-XenVmEvent web01 -Event Cpuid -First two }; Id = 'CannotConvertArgumentNoMessage'; Message = 'First' }
        @{ What = 'a count too large'; Command = { Watch-XenVmEvent web01 -Event Cpuid -First 1e30 }; Id = 'CannotConvertArgumentNoMessage'; Message = 'First' }
        @{ What = 'no duration'; Command = { Watch-XenMemAccess web01 -Access Write -Duration 0 }; Id = 'ParameterArgumentValidationError'; Message = 'Duration' }
        @{ What = 'a negative duration'; Command = { Watch-XenMemAccess web01 -Access Write -Duration -1 }; Id = 'ParameterArgumentValidationError'; Message = 'Duration' }
        @{ What = 'an endless duration'; Command = { Watch-XenMemAccess web01 -Access Write -Duration 1e30 }; Id = 'ParameterArgumentTransformationError'; Message = '1E\+30' }
        @{ What = 'a duration that is no number'; Command = { Watch-XenMemAccess web01 -Access Write -Duration ([double]::NaN) }; Id = 'ParameterArgumentTransformationError'; Message = 'NaN' }
        @{ What = 'null as a duration'; Command = { Watch-XenMemAccess web01 -Access Write -Duration $null }; Id = 'ParameterArgumentValidationError'; Message = 'Duration' }
        @{ What = 'no deadline'; Command = { Watch-XenMemAccess web01 -Access Write -ResponseTimeout 0 }; Id = 'ParameterArgumentValidationError'; Message = 'ResponseTimeout' }
        @{ What = 'a deadline of more than an hour'; Command = { Watch-XenMemAccess web01 -Access Write -ResponseTimeout 3601 }; Id = 'ParameterArgumentValidationError'; Message = 'ResponseTimeout' }
        @{ What = 'no deadline of a session'; Command = { Enable-XenMonitor web01 -ResponseTimeout 0 }; Id = 'ParameterArgumentValidationError'; Message = 'ResponseTimeout' }
        @{ What = 'a negative deadline of a session'; Command = { Enable-XenMonitor web01 -ResponseTimeout -1 }; Id = 'ParameterArgumentValidationError'; Message = 'ResponseTimeout' }
        @{ What = 'a deadline that is none'; Command = { Enable-XenMonitor web01 -ResponseTimeout soon }; Id = 'CannotConvertArgumentNoMessage'; Message = 'soon' }
        @{ What = 'a buffer too large'; Command = { Watch-XenMemAccess web01 -Access Write -BufferSize 16777217 }; Id = 'ParameterArgumentValidationError'; Message = 'BufferSize' }
        @{ What = 'no buffer'; Command = { Watch-XenMemAccess web01 -Access Write -BufferSize 0 }; Id = 'ParameterArgumentValidationError'; Message = 'BufferSize' }
        @{ What = 'a range the wrong way round'; Command = { Watch-XenMemAccess web01 -Access Write -Gfn 0x20-0x10 }; Id = 'ParameterArgumentTransformationError'; Message = 'lower number first' }
        @{ What = 'a range that is none'; Command = { Watch-XenMemAccess web01 -Access Write -Gfn junk }; Id = 'ParameterArgumentTransformationError'; Message = "'junk'" }
        @{ What = 'a negative gfn'; Command = { Watch-XenMemAccess web01 -Access Write -Gfn -5 }; Id = 'ParameterArgumentTransformationError'; Message = "'-5'" }
        @{ What = 'a number without digits'; Command = { Watch-XenMemAccess web01 -Access Write -Gfn '0x' }; Id = 'ParameterArgumentTransformationError'; Message = '0x400-0x43f' }
        @{ What = 'a range of three numbers'; Command = { Watch-XenMemAccess web01 -Access Write -Gfn 1-2-3 }; Id = 'ParameterArgumentTransformationError'; Message = '0x400-0x43f' }
        @{ What = 'half a gfn'; Command = { Watch-XenMemAccess web01 -Access Write -Gfn 1.5 }; Id = 'ParameterArgumentTransformationError'; Message = '0x400-0x43f' }
        @{ What = 'a negative gfn as text'; Command = { Watch-XenMemAccess web01 -Access Write -Gfn '-1' }; Id = 'ParameterArgumentTransformationError'; Message = '0x400-0x43f' }
        @{ What = 'the number of an access that is none'; Command = { Watch-XenMemAccess web01 -Access 9 }; Id = 'CannotConvertArgumentNoMessage'; Message = 'None,Read,Write,Execute' }
        @{ What = 'an access that is none'; Command = { Watch-XenMemAccess web01 -Access Touch }; Id = 'CannotConvertArgumentNoMessage'; Message = 'Read, Write, Execute' }
        @{ What = 'a kind that is none'; Command = { Watch-XenVmEvent web01 -Event Reboot }; Id = 'CannotConvertArgumentNoMessage'; Message = 'Cpuid' }
        @{ What = 'the number of a kind that is none'; Command = { Watch-XenVmEvent web01 -Event 99 }; Id = 'CannotConvertArgumentNoMessage'; Message = '99' }
        @{ What = 'null as a register'; Command = { Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister $null }; Id = 'ParameterArgumentValidationError'; Message = 'Register' }
        @{ What = 'null as an MSR'; Command = { Watch-XenVmEvent web01 -Event MovToMsr -Msr $null }; Id = 'ParameterArgumentValidationError'; Message = 'Msr' }
        @{ What = 'a negative MSR of 64 bits'; Command = { Watch-XenVmEvent web01 -Event MovToMsr -Msr ([long] -1) }; Id = 'CannotConvertArgumentNoMessage'; Message = 'Msr' }
        @{ What = 'no kind'; Command = { Watch-XenVmEvent web01 -Event @() }; Id = 'ParameterArgumentValidationErrorEmptyArrayNotAllowed'; Message = 'Event' }
        @{ What = 'no register'; Command = { Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister @() -Duration 0.1 }; Id = 'ParameterArgumentValidationError'; Message = 'Register' }
        @{ What = 'a register that is none'; Command = { Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister CR9 }; Id = 'CannotConvertArgumentNoMessage'; Message = 'Xcr0' }
        @{ What = 'an MSR too large'; Command = { Watch-XenVmEvent web01 -Event MovToMsr -Msr 0x1ffffffff }; Id = 'CannotConvertArgumentNoMessage'; Message = 'UInt32' }
        @{ What = 'a channel that is none'; Command = { Enable-XenMonitor web01 -Channel Pipe }; Id = 'CannotConvertArgumentNoMessage'; Message = 'Slotted' }
        @{ What = 'a register that answers cannot set'; Command = { Set-XenVmEventResponse web01 Cpuid -Register @{ Cr3 = 1 } }; Id = 'ParameterArgumentTransformationError'; Message = "'Cr3'.*Rip" }
        @{ What = 'a register value that is none'; Command = { Set-XenVmEventResponse web01 Cpuid -Register @{ Rax = 'much' } }; Id = 'ParameterArgumentTransformationError'; Message = "'much'.*Rax" }
        @{ What = 'half a register value'; Command = { Set-XenVmEventResponse web01 Cpuid -Register @{ Rax = 1.5 } }; Id = 'ParameterArgumentTransformationError'; Message = 'Rax' }
        @{ What = 'null as a register value'; Command = { Set-XenVmEventResponse web01 Cpuid -Register @{ Rax = $null } }; Id = 'ParameterArgumentTransformationError'; Message = 'Rax' }
        @{ What = 'no register in an answer'; Command = { Set-XenVmEventResponse web01 Cpuid -Register @{} }; Id = 'ParameterArgumentTransformationError'; Message = 'Register' }
        @{ What = 'a byte too large'; Command = { Set-XenVmEventResponse web01 MemAccess -EmulatedReadData 256 }; Id = 'CannotConvertArgumentNoMessage'; Message = 'Byte' }
        @{ What = 'an empty name'; Command = { Get-XenDomain '' }; Id = 'ParameterArgumentTransformationError'; Message = 'Domain' }
        @{ What = 'null as a name'; Command = { Get-XenDomain $null }; Id = 'ParameterArgumentTransformationError'; Message = 'Domain' }
        @{ What = 'a second name'; Command = { Get-XenDomain web01 db01 }; Id = 'PositionalParameterNotFound'; Message = 'db01' }
        @{ What = 'what names no domain'; Command = { Get-XenDomain @{ Size = 1 } }; Id = 'ParameterArgumentTransformationError'; Message = 'does not name a domain' }
    ) {
        $record = Get-TheError $Command
        $record.FullyQualifiedErrorId | Should -Match "^$Id,XenVmEvent\.PS\.\w+Command$"
        $record.CategoryInfo.Category | Should -BeIn 'InvalidData', 'InvalidArgument'
        $record.Exception.Message | Should -Match $Message
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'input that is no event' {
        $record = Get-TheError { 5 | Set-XenVmEventResponse -Continue }
        $record.FullyQualifiedErrorId | Should -Be 'InputObjectNotBound,XenVmEvent.PS.SetXenVmEventResponseCommand'
    }

    It 'a response that the kind does not have, for a default' {
        Enable-XenMonitor web01
        $record = Get-TheError { Set-XenVmEventResponse web01 Cpuid, WriteControlRegister -Deny }
        $record.FullyQualifiedErrorId | Should -Be 'ResponseNotApplicable,XenVmEvent.PS.SetXenVmEventResponseCommand'
        $record.ErrorDetails.RecommendedAction | Should -Match 'WriteControlRegister and MovToMsr'
        "$($record.TargetObject)" | Should -Be 'web01 (id 1)'
        (Watch-XenVmEvent web01 -Event Cpuid -First 1 -Duration 60).Response.Name | Should -Be 'Continue'
        (Watch-XenVmEvent web01 -Event WriteControlRegister -First 1 -Duration 60).Response.Name | Should -Be 'Deny'
    }

    It 'the response <Name> to a held Cpuid, which has none such; the event can still be answered' -ForEach @(
        @{ Name = 'Deny'; Answer = @{ Deny = $true } }
        @{ Name = 'Skip'; Answer = @{ Skip = $true } }
        @{ Name = 'View 0'; Answer = @{ View = 0 } }
        @{ Name = 'View 1'; Answer = @{ View = 1 } }
        @{ Name = 'FastSingleStepView 1'; Answer = @{ FastSingleStepView = 1 } }
        @{ Name = 'ResetVmTrace'; Answer = @{ ResetVmTrace = $true } }
        @{ Name = 'InstructionData'; Answer = @{ InstructionData = 0x90 } }
    ) {
        Watch-XenVmEvent web01 -Event Cpuid -Hold -First 1 -Duration 60 -ResponseTimeout 60 | ForEach-Object {
            $record = Get-TheError { $_ | Set-XenVmEventResponse @Answer }
            $record.FullyQualifiedErrorId | Should -Be 'ResponseNotApplicable,XenVmEvent.PS.SetXenVmEventResponseCommand'
            $record.CategoryInfo.Category | Should -Be 'InvalidOperation'
            $record.TargetObject | Should -Be $_
            $_.ResponseState | Should -Be 'Held'
        }
    }

    It 'an event that <What>' -ForEach @(
        @{ What = 'was not held'; Hold = $false; Answers = 0; Message = 'not held' }
        @{ What = 'was answered before'; Hold = $true; Answers = 1; Message = 'answered already' }
    ) {
        Watch-XenVmEvent web01 -Event Cpuid -Hold:$Hold -First 1 -Duration 60 -ResponseTimeout 60 | ForEach-Object {
            for ($i = 0; $i -lt $Answers; $i++) { $_ | Set-XenVmEventResponse -Continue }
            $record = Get-TheError { $_ | Set-XenVmEventResponse -Continue }
            $record.FullyQualifiedErrorId | Should -Be 'AlreadyAnswered,XenVmEvent.PS.SetXenVmEventResponseCommand'
            $record.CategoryInfo.Category | Should -Be 'InvalidOperation'
            $record.TargetObject | Should -Be $_
            $record.Exception.Message | Should -Match $Message
            $record.ErrorDetails.RecommendedAction | Should -Match '-Hold'
        }
    }

    It 'a domain that this process monitors already' {
        Enable-XenMonitor web01
        $record = Get-TheError { Enable-XenMonitor web01 }
        $record.FullyQualifiedErrorId | Should -Be 'MonitorBusy,XenVmEvent.PS.EnableXenMonitorCommand'
        $record.CategoryInfo.Category | Should -Be 'ResourceBusy'
        $record.ErrorDetails.RecommendedAction | Should -Match 'Disable-XenMonitor'
        "$($record.TargetObject)" | Should -Be 'web01 (id 1)'
        (Get-XenMonitor).State | Should -Be 'Running'
    }

    It 'a listener that is there already, by <_>' -ForEach 'Enable-XenMonitor', 'Watch-XenVmEvent', 'Watch-XenMemAccess' {
        $other = (Get-SimulatedHost).EnableMonitor((Get-XenDomain web01), 'Auto')
        $record = Get-TheError ([scriptblock]::Create("$_ web01 $(@{ 'Watch-XenVmEvent' = 'Cpuid'; 'Watch-XenMemAccess' = 'Write' }[$_])"))
        $record.FullyQualifiedErrorId | Should -Match '^MonitorBusy,'
        $record.CategoryInfo.Category | Should -Be 'ResourceBusy'
        "$($record.TargetObject)" | Should -Be 'web01 (id 1)'
        $record.Exception.Errno | Should -Be 'EBUSY'
        $record.ErrorDetails.RecommendedAction | Should -Match 'Reset-XenMonitor'
        (Get-SimulatedDomain web01).IsMonitored | Should -BeTrue -Because 'the other listener is not disturbed'
        $other.Disable()
        $other.Dispose()
        Assert-GuestFree web01
    }

    It 'a session whose options conflict with a watch' {
        Enable-XenMonitor web01
        Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister CR4 -First 1 -Duration 60 | ForEach-Object {
            $record = Get-TheError { Watch-XenVmEvent web01 -Event WriteControlRegister -ControlRegister CR4 -Async -First 1 -Duration 60 }
            $record.FullyQualifiedErrorId | Should -Be 'ConflictingWatch,XenVmEvent.PS.WatchXenVmEventCommand'
            $record.CategoryInfo.Category | Should -Be 'InvalidOperation'
        }
        (Get-XenMonitor).State | Should -Be 'Running'
    }

    It 'a paravirtualised domain, by <_>' -ForEach 'Watch-XenVmEvent', 'Enable-XenMonitor' {
        Switch-SimulatedHost @{ Domains = [XenVmEvent.Simulation.SimulatedDomainOptions[]] @(@{ Id = 3; Name = 'old'; Type = 'PV' }) }
        $options = $_ -eq 'Watch-XenVmEvent' ? @{ Event = 'Cpuid'; Duration = 60 } : @{}
        $record = Get-TheError { & $_ old @options }
        $record.FullyQualifiedErrorId | Should -Be "DomainNotSupported,XenVmEvent.PS.$($_ -replace '-')Command"
        $record.CategoryInfo.Category | Should -Be 'InvalidType'
        $record.Exception.Message | Should -Match 'paravirtualised'
        & $_ * @options -ErrorAction Stop | Should -BeNullOrEmpty -Because 'a wildcard does not mean it'
    }

    It 'page access on a processor that cannot restrict it' {
        Switch-SimulatedHost @{ HasExtendedPageTables = $false }
        $record = Get-TheError { Watch-XenMemAccess web01 -Access Write -Duration 60 }
        $record.FullyQualifiedErrorId | Should -Be 'NotSupported,XenVmEvent.PS.WatchXenMemAccessCommand'
        $record.CategoryInfo.Category | Should -Be 'NotImplemented'
        $record.ErrorDetails.RecommendedAction | Should -Match 'EPT'
        (Get-SimulatedDomain web01).IsMonitored | Should -BeFalse
    }

    It 'the slotted channel where the host has none; Auto takes the ring' {
        Switch-SimulatedHost @{ OffersSlottedChannel = $false }
        $record = Get-TheError { Enable-XenMonitor web01 -Channel Slotted }
        $record.FullyQualifiedErrorId | Should -Be 'NotSupported,XenVmEvent.PS.EnableXenMonitorCommand'
        $record.CategoryInfo.Category | Should -Be 'NotImplemented'
        (Enable-XenMonitor web01 -PassThru).Channel | Should -Be 'Ring'
    }

    It 'no Xen, at the first use' {
        if (Test-Path /proc/xen/capabilities) { Set-ItResult -Skipped -Because 'this machine has Xen' }
        Switch-SimulatedHost
        $record = Get-TheError { Watch-XenMemAccess web01 -Access Write -Duration 60 }
        $record.FullyQualifiedErrorId | Should -Be 'XenNotAvailable,XenVmEvent.PS.WatchXenMemAccessCommand'
        $record.CategoryInfo.Category | Should -Be 'ResourceUnavailable'
        $record.ErrorDetails.RecommendedAction | Should -Match 'Connect-XenHost -Simulated'
    }

    It 'a domain that <How> while it is watched' -ForEach @(
        @{ How = 'shuts down'; State = 'ShutDown'; Says = 'has shut down' }
        @{ How = 'is suspended'; State = 'Suspended'; Says = 'was suspended' }
        @{ How = 'crashes'; State = 'Crashed'; Says = 'has crashed' }
    ) {
        $guest = Get-SimulatedDomain web01
        $null = Watch-XenMemAccess web01 -Access Write -Duration 60 -ErrorVariable errors -ErrorAction SilentlyContinue | ForEach-Object { $guest.ShutDown($State) }
        "$errors" | Should -Be "The domain web01 (id 1) $Says$($State -eq 'Suspended' ? ', to be saved or migrated' : '')."
        $guest.IsMonitored | Should -BeFalse
        0..4095 | Where-Object { $guest.GetMemAccess($_, 0) -ne 'Rwx' } | Should -BeNullOrEmpty
    }
}

Describe 'An error about one domain' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'leaves the watch on the others' {
        $seen = Watch-XenVmEvent nosuch, 0, web01 -Event Cpuid -First 3 -Duration 60 -ErrorAction SilentlyContinue -ErrorVariable errors
        $seen | Should -HaveCount 3
        $errors.FullyQualifiedErrorId | Should -Be 'DomainNotFound,XenVmEvent.PS.WatchXenVmEventCommand', 'DomainNotSupported,XenVmEvent.PS.WatchXenVmEventCommand'
    }

    It 'ends the watch with -ErrorAction Stop, and nothing stays behind' {
        { Watch-XenVmEvent web01, 0 -Event Cpuid -First 3 -Duration 60 -ErrorAction Stop } |
            Should -Throw -ErrorId 'DomainNotSupported,XenVmEvent.PS.WatchXenVmEventCommand'
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }
}
