BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1

    # An event as text that says everything about it, registers included.
    function Get-Description($Event) {
        $Event | ForEach-Object { ($_ | Format-List | Out-String) + ($_.Registers | Format-List | Out-String) + $_.Time.ToString('o') }
    }
}
AfterAll { Switch-SimulatedHost }

Describe 'Export-XenVmEvent and Import-XenVmEvent' {
    BeforeAll {
        $null = Connect-XenHost -Simulated
        $events = @(Watch-XenVmEvent web01 -Event Cpuid, WriteControlRegister, MovToMsr, SoftwareBreakpoint -Msr 0xc0000082, 0x176 -First 20 -Duration 60)
        $events += @(Watch-XenMemAccess web01 -Access Write -First 5 -Duration 60)
        Set-Location TestDrive:/
    }
    AfterAll { Set-Location $PSScriptRoot }

    It 'give back the same objects, from <_>' -ForEach 'trace.jsonl', 'trace.jsonl.gz' {
        $events | Export-XenVmEvent $_
        $read = @(Import-XenVmEvent $_)
        $read | Should -HaveCount $events.Count
        foreach ($i in 0..($events.Count - 1)) {
            $read[$i] | Should -BeOfType $events[$i].GetType()
            Get-Description $read[$i] | Should -Be (Get-Description $events[$i])
        }
        $read | Format-Table | Out-String | Should -Be ($events | Format-Table | Out-String)
    }

    It 'give back the same on arm64' {
        $null = Connect-XenHost -Simulated -Architecture Arm64
        $arm = @(Watch-XenVmEvent web01 -Event PrivilegedCall -First 3 -Duration 60)
        $null = Connect-XenHost -Simulated
        $arm | Export-XenVmEvent arm.jsonl
        $read = Import-XenVmEvent arm.jsonl
        $read[0].Registers | Should -BeOfType XenVmEvent.Events.ArmRegisters
        Get-Description $read | Should -Be (Get-Description $arm)
    }

    It 'write JSON that ConvertFrom-Json reads' {
        $events | Export-XenVmEvent trace.jsonl
        $lines = @(Get-Content trace.jsonl | ConvertFrom-Json)
        $lines.kind | Should -Be $events.Kind
        $lines.domain | Should -Be $events.Domain
    }

    It 'take what Get-ChildItem returns, paths and wildcards' {
        $null = New-Item many -ItemType Directory
        'a', 'b', '[c]' | ForEach-Object { $events | Export-XenVmEvent "many/$_.jsonl" }
        Get-ChildItem many | Import-XenVmEvent | Should -HaveCount (3 * $events.Count)
        'many/a.jsonl', 'many/b.*' | Import-XenVmEvent | Should -HaveCount (2 * $events.Count)
        Import-XenVmEvent many/*.jsonl | Should -HaveCount (3 * $events.Count)
        Import-XenVmEvent -LiteralPath 'many/[c].jsonl' | Should -HaveCount $events.Count
        Import-XenVmEvent 'many/[c].jsonl' | Should -HaveCount $events.Count -Because 'a name that exists is a name first'
        { Import-XenVmEvent 'many/[d].jsonl' -ErrorAction Stop } | Should -Throw '*matches*' -ErrorId 'RecordingFailed,XenVmEvent.PS.ImportXenVmEventCommand'
    }

    It 'append, overwrite, and refuse to overwrite' {
        $events | Export-XenVmEvent a.jsonl
        $events | Export-XenVmEvent a.jsonl -Append -PassThru | Should -Be $events
        Import-XenVmEvent a.jsonl | Should -HaveCount (2 * $events.Count)
        $refused = { $events | Export-XenVmEvent a.jsonl -NoClobber } |
            Should -Throw -ErrorId 'RecordingExists,XenVmEvent.PS.ExportXenVmEventCommand' -PassThru
        $refused.CategoryInfo.Category | Should -Be 'ResourceExists'
        $events | Export-XenVmEvent a.jsonl -WhatIf
        $events | Export-XenVmEvent whatif.jsonl -WhatIf
        'whatif.jsonl' | Should -Not -Exist
        Import-XenVmEvent a.jsonl | Should -HaveCount (2 * $events.Count)
        $events | Export-XenVmEvent a.jsonl
        Import-XenVmEvent a.jsonl | Should -HaveCount $events.Count
    }

    It 'overwrite a read-only file by -Force, which stays read-only' {
        $events | Export-XenVmEvent readonly.jsonl
        (Get-Item readonly.jsonl).IsReadOnly = $true
        $events[0] | Export-XenVmEvent readonly.jsonl -Force
        Import-XenVmEvent readonly.jsonl | Should -HaveCount 1
        (Get-Item readonly.jsonl).IsReadOnly | Should -BeTrue
    }

    It 'warn of a recording that breaks off: <_>' -ForEach 'torn.jsonl', 'torn.jsonl.gz' {
        $events | Export-XenVmEvent $_
        $file = (Get-Item $_).FullName
        $bytes = [IO.File]::ReadAllBytes($file)
        [IO.File]::WriteAllBytes($file, $bytes[0..($bytes.Length - 20)])
        $read = Import-XenVmEvent $_ -WarningVariable warnings -WarningAction SilentlyContinue -ErrorAction Stop
        @($read).Count | Should -BeIn ($events.Count - 1), $events.Count
        "$warnings" | Should -Match 'is truncated at line'
        if ($_ -eq 'torn.jsonl') { "$warnings" | Should -Match "line $($events.Count)\b" }
    }

    It 'name a line that is no event, and read the others' {
        $events | Export-XenVmEvent a.jsonl
        $lines = @(Get-Content a.jsonl)
        $lines[1] = '{}'
        $lines | Set-Content a.jsonl
        Import-XenVmEvent a.jsonl -ErrorAction SilentlyContinue -ErrorVariable errors | Should -HaveCount ($events.Count - 1)
        $errors.FullyQualifiedErrorId | Should -Be 'InvalidRecording,XenVmEvent.PS.ImportXenVmEventCommand'
        $errors.CategoryInfo.Category | Should -Be 'InvalidData'
    }

    It 'name what is no recording, and what is no file' {
        'one', 'two', 'three' > text.txt
        Import-XenVmEvent text.txt, missing.jsonl, Env:PATH, nodrive:/x -ErrorAction SilentlyContinue -ErrorVariable errors | Should -BeNullOrEmpty
        ($errors | Where-Object { $_ -is [Management.Automation.ErrorRecord] }).FullyQualifiedErrorId | Should -Be @(
            'InvalidRecording', 'RecordingFailed', 'RecordingFailed', 'RecordingFailed').ForEach({ "$_,XenVmEvent.PS.ImportXenVmEventCommand" })
        $errors[1].CategoryInfo.Category | Should -Be 'OpenError'
        { $events | Export-XenVmEvent none/a.jsonl } | Should -Throw -ErrorId 'RecordingFailed,XenVmEvent.PS.ExportXenVmEventCommand'
        { $events | Export-XenVmEvent Env:x } | Should -Throw -ErrorId 'RecordingFailed,XenVmEvent.PS.ExportXenVmEventCommand'
    }

    It 'is neither made nor emptied by what is no event: <Name>' -ForEach @{ Name = 'strings'; Given = 'a', 'b' }, @{ Name = 'numbers'; Given = 1, 2 } {
        $events | Export-XenVmEvent kept.jsonl
        $before = Get-Content kept.jsonl -Raw
        foreach ($file in 'unmade.jsonl', 'unmade.jsonl.gz', 'kept.jsonl') {
            $Given | Export-XenVmEvent $file -ErrorAction SilentlyContinue -ErrorVariable errors -WarningAction SilentlyContinue
            $errors.FullyQualifiedErrorId | Select-Object -Unique | Should -Be 'InputObjectNotBound,XenVmEvent.PS.ExportXenVmEventCommand'
        }
        'unmade.jsonl', 'unmade.jsonl.gz' | Should -Not -Exist
        Get-Content kept.jsonl -Raw | Should -BeExactly $before
    }

    It 'record held events with the answers that come after' {
        Watch-XenVmEvent web01 -Event Cpuid -Hold -ResponseTimeout 60 -First 3 -Duration 60 | Export-XenVmEvent held.jsonl -PassThru |
            ForEach-Object { $_ | Set-XenVmEventResponse -Register @{ Rbx = 7 } }
        $read = Import-XenVmEvent held.jsonl
        $read.ResponseState | Should -Be 'Given', 'Given', 'Given'
        $read.Response.Name | Should -Be (, 'Continue, Rbx=0x7' * 3)
        Watch-XenVmEvent web01 -Event Cpuid -Hold -ResponseTimeout 60 -First 2 -Duration 60 | Export-XenVmEvent held.jsonl
        (Import-XenVmEvent held.jsonl).ResponseState | Should -Be 'Released', 'Released'
    }

    It 'answer no recorded event' {
        $events | Export-XenVmEvent a.jsonl
        Import-XenVmEvent a.jsonl | Select-Object -First 1 | Set-XenVmEventResponse -Continue -ErrorVariable refused -ErrorAction SilentlyContinue
        $refused.FullyQualifiedErrorId | Should -Be 'AlreadyAnswered,XenVmEvent.PS.SetXenVmEventResponseCommand'
    }

    It 'keep what came before the pipeline failed' {
        $script:count = 0
        { $events | Export-XenVmEvent failed.jsonl -PassThru | ForEach-Object { if (++$script:count -eq 3) { throw 'enough' } } } | Should -Throw 'enough'
        Import-XenVmEvent failed.jsonl | Should -HaveCount 3
    }

    It 'keep what came before the pipeline was stopped' {
        $shell = (Open-Shell 'param($File) Connect-XenHost -Simulated; Watch-XenVmEvent web01 -Event Cpuid | Export-XenVmEvent $File -PassThru').AddArgument("$TestDrive/stopped.jsonl.gz")
        $output = [Management.Automation.PSDataCollection[psobject]]::new()
        $null = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]] $null, $output)
        Wait-Condition { $output.Count -ge 20 } | Should -BeTrue
        $shell.Stop()
        $shell.Dispose()
        @(Import-XenVmEvent stopped.jsonl.gz -WarningAction Stop).Count | Should -BeGreaterOrEqual 20
    }
}

Describe 'A recording that is replayed' {
    BeforeAll {
        $null = Connect-XenHost -Simulated
        # One after the other, so that both have some.
        $events = @('web01', 'db01' | ForEach-Object { Watch-XenVmEvent $_ -Event Cpuid, MovToMsr -Msr 0xc0000082, 0x176 -First 30 -Duration 60 })
        $events | Export-XenVmEvent "$TestDrive/trace.jsonl.gz"
    }
    BeforeEach { Connect-XenHost -Simulated -Trace "$TestDrive/trace.jsonl.gz" -Fast }

    It 'has its domains, raises its events, and ends with them' {
        (Get-XenDomain).Name | Should -Be 'Domain-0', 'web01', 'db01'
        $seen = @(Watch-XenVmEvent web01, db01 -Event Cpuid, MovToMsr -Msr 0xc0000082, 0x176 -Duration 60 -ErrorAction Stop)
        $seen.ForEach({ "$_" }) | Sort-Object | Should -Be ($events.ForEach({ "$_" }) | Sort-Object)
    }

    It 'is what a policy can be tried on' {
        $seen = @(Watch-XenVmEvent web01 -Event MovToMsr -Msr 0xc0000082, 0x176 -Hold -ResponseTimeout 60 -Duration 60 -ErrorAction SilentlyContinue |
            ForEach-Object { $_ | Set-XenVmEventResponse -Deny; $_ })
        $seen | Should -HaveCount @($events | Where-Object { $_.Domain -eq 'web01' -and $_.Kind -eq 'MovToMsr' }).Count
        $seen.Response.Name | Sort-Object -Unique | Should -Be 'Deny'
    }

    It 'is refused without -Simulated, and where there is none' {
        { Connect-XenHost -Trace "$TestDrive/trace.jsonl.gz" } | Should -Throw -ErrorId 'InvalidArgument,XenVmEvent.PS.ConnectXenHostCommand'
        { Connect-XenHost -Simulated -Trace "$TestDrive/none.jsonl" } | Should -Throw -ErrorId 'RecordingFailed,XenVmEvent.PS.ConnectXenHostCommand'
    }
}
