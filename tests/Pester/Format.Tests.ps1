BeforeDiscovery {
    $events = (Get-Command Connect-XenHost).ImplementingType.Assembly.GetReferencedAssemblies() | Where-Object Name -EQ 'XenVmEvent.Engine'
    $engine = [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -eq $events.Name }
    $eventTypes = $engine.GetExportedTypes() | Where-Object { $_.IsSubclassOf([XenVmEvent.Events.VmEvent]) } | ForEach-Object FullName
}

BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    $null = Connect-XenHost -Simulated

    function Get-Line($Formatted, [int] $Width = 120) {
        ($Formatted | Out-String -Width $Width).Trim() -split '\r?\n' -replace '\x1b\[[\d;]*m'
    }

    # The labels of a list: all lines of the one form 'Label : value'.
    function Get-Label([string[]] $Line) {
        $Line | Where-Object { $_ -match '^(\w+)\s*:' } | ForEach-Object { $Matches[1] }
    }
}
AfterAll { Switch-SimulatedHost }

Describe 'The table of' {
    It 'domains' {
        $lines = Get-Line (Get-XenDomain | Format-Table)
        $lines[0].Trim() | Should -MatchExactly '^Id +Name +Type +State +VCpus +Uuid$'
        $lines[3] | Should -MatchExactly '^ +1 web01 +Hvm +Running +2 5e6f0001-11f0-4d5e-9c1a-58656e564d01$'
        $lines | Should -HaveCount 5
    }

    It 'hosts' {
        $lines = Get-Line (Connect-XenHost -Simulated -PassThru | Format-Table)
        $lines[0] | Should -MatchExactly '^Host +InterfaceVersion Architecture Guests$'
        $lines[2] | Should -MatchExactly '^simulated Xen +7 X86 +2$'
    }

    It 'sessions' {
        $session = Enable-XenMonitor web01 -PassThru
        $lines = Get-Line ($session | Format-Table)
        Disable-XenMonitor web01
        $lines[0] | Should -MatchExactly '^Domain +DomainId State +Channel +StartTime +Events +Held TimedOut +Dropped$'
        $lines[2] | Should -MatchExactly '^web01 +1 Running +Slotted  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d +0 +0 +0 +0$'
    }

    It 'page accesses' {
        $one = Watch-XenMemAccess web01 -Access Write -First 1 -Duration 60
        $lines = Get-Line ($one | Format-Table)
        $lines[0] | Should -MatchExactly '^Time +Domain +vCPU Kind +Details +Location$'
        $lines[2] | Should -MatchExactly ('^\d\d:\d\d:\d\d\.\d{{6}} web01 +{0} MemAccess +-w- gfn 0x{2:x} .* 0x{1:x16}$' -f $one.VCpu, $one.InstructionPointer, $one.Gfn)
    }

    It 'events of mixed kinds: one table, nothing cut off at 120 columns' {
        $kinds = 'Cpuid', 'WriteControlRegister', 'MovToMsr', 'SoftwareBreakpoint', 'DebugException', 'DescriptorAccess', 'GuestRequest'
        $seen = @(Watch-XenVmEvent web01 -Event $kinds -Msr 0xc0000082, 0x176 -First 380 -Duration 60)
        $seen += @(Watch-XenMemAccess web01 -Access Read, Write, Execute -First 20 -Duration 60)
        $kinds += 'MemAccess'
        $seen.Kind | Sort-Object -Unique | Should -HaveCount $kinds.Count
        $lines = Get-Line $seen
        $lines | Should -HaveCount 402
        $lines | Where-Object { $_ -match '^Time +Domain' } | Should -HaveCount 1
        $lines | Where-Object Length -GT 120 | Should -BeNullOrEmpty
        $lines -join "`n" | Should -Not -Match '\u2026'
        foreach ($i in 0..399) {
            $expected = '{0} +{2} *0x{1:x16}' -f $seen[$i].Kind, $seen[$i].InstructionPointer, [regex]::Escape($seen[$i].Details)
            $lines[$i + 2] | Should -MatchExactly "$expected\s*$"
        }
    }

    It 'events is the default view, also in a mixture with page accesses' {
        $seen = @(Watch-XenMemAccess web01 -Access Write -First 1 -Duration 60) + @(Watch-XenVmEvent db01 -Event Cpuid -First 1 -Duration 60)
        $lines = Get-Line $seen
        $lines | Should -HaveCount 4
        $lines[2] | Should -Match 'web01.*MemAccess'
        $lines[3] | Should -Match 'db01.*Cpuid'
    }
}

Describe 'An event' {
    BeforeAll {
        $seen = @(Watch-XenMemAccess web01 -Access Write -First 2 -Duration 60) + @(Watch-XenVmEvent web01 -Event WriteControlRegister -First 2 -Duration 60)
    }

    It 'has its details in a table of 80 columns, up to where they are cut off' {
        $lines = Get-Line $seen 80
        $lines | Should -HaveCount 6
        foreach ($i in 0..3) {
            $shown = ($lines[$i + 2] -split $seen[$i].Kind, 2)[1].Trim(' ', [char] 0x2026)
            $seen[$i].Details.StartsWith($shown) | Should -BeTrue -Because "'$shown' begins '$($seen[$i].Details)'"
            [Math]::Min(25, $seen[$i].Details.Length) | Should -BeLessOrEqual $shown.Length
        }
    }

    It 'after a table of other objects is a few lines, in which nothing is decimal that is hexadecimal elsewhere' {
        $lines = Get-Line (@(Get-XenDomain web01) + $seen[0])
        $list = $lines | Select-Object -Skip 3 | Where-Object { $_.Trim() }
        Get-Label $list | Should -Be 'Timestamp', 'Domain', 'VCpu', 'Kind', 'Details', 'Location'
        $list | Should -HaveCount 6
        $list | Should -Contain ('Location  : 0x{0:x16}' -f $seen[0].InstructionPointer)
    }

    It 'is one line of Export-Csv, with all digits of its time, and names no types' {
        $seen | Export-Csv "$TestDrive/events.csv"
        Get-Content "$TestDrive/events.csv" | Should -HaveCount 5
        $read = Import-Csv "$TestDrive/events.csv"
        foreach ($i in 0..3) {
            [datetimeoffset] $read[$i].Timestamp | Should -Be $seen[$i].Time
            $read[$i].Location | Should -Be ('0x{0:x16}' -f $seen[$i].InstructionPointer)
            $read[$i].Registers | Should -Match ('rip {0:x16} ' -f $seen[$i].Registers.Rip)
        }
    }

    It 'has its location by name where symbols were looked up' {
        Set-Content "$TestDrive/System.map" 'ffffffff80000000 T startup', 'ffffffffa0000000 T end'
        $named = Watch-XenVmEvent web01 -Event Cpuid -First 1 -Duration 60 -SymbolMap "$TestDrive/System.map" -Disassemble
        $named.Location | Should -Be $named.Symbol
        (Get-Line $named 160)[2] | Should -MatchExactly "leaf \S+ subleaf \S+ +$([regex]::Escape("$($named.Symbol)  $($named.Instruction)"))$"
    }
}

Describe 'What the cmdlets write' {
    BeforeDiscovery {
        $types = (Get-Module XenVmEvent).ExportedCmdlets.Values.OutputType.Type
        $found = [Collections.Generic.HashSet[type]]::new()
        $left = [Collections.Generic.Queue[type]]::new()
        foreach ($type in @($types) + @($eventTypes -as [type[]])) { if ($type) { $left.Enqueue($type) } }
        while ($left.Count) {
            $type = $left.Dequeue()
            foreach ($argument in $type.GetGenericArguments()) { $left.Enqueue($argument) }
            if ($type.HasElementType) { $left.Enqueue($type.GetElementType()) }
            if ($type.IsEnum -or $type.Assembly.GetName().Name -notlike 'XenVmEvent*' -or $type.IsAssignableTo([Exception]) -or -not $found.Add($type)) { continue }
            foreach ($property in $type.GetProperties()) { $left.Enqueue($property.PropertyType) }
        }
    }

    It '<_.FullName> has no member that is none, and nothing to set' -ForEach @($found) {
        $_.GetMembers().Name | Where-Object { $_ -match '[<>$]' } | Should -BeNullOrEmpty
        # Who shows an event sets what was looked up for it.
        $_.GetProperties() | Where-Object { $_.SetMethod.IsPublic -and $_.Name -notin 'Symbol', 'Instruction' } | Should -BeNullOrEmpty
    }

    It 'is no name of a type where it becomes text' {
        Enable-XenMonitor web01
        $events = Watch-XenMemAccess web01 -Access Write -First 20 -Duration 60
        $written = @(
            Get-XenMonitor web01
            (Get-XenMonitor web01).Statistics
            $events | Measure-XenVmEvent
            $events | Measure-XenVmEvent -Interval 0.001
            Get-XenDomain
            Test-XenMonitor web01
            Connect-XenHost -Simulated -PassThru
            Get-XenMemAccess db01 0-3
        )
        foreach ($one in $written) {
            $text = @("$one") + ($one | ConvertTo-Csv) + ($one | Format-List * | Out-String)
            $text -join "`n" | Should -Not -Match '`\d|\[\]|XenVmEvent\.|System\.'
        }
    }
}

Describe 'The list of' {
    It 'domains' {
        Get-Label (Get-Line (Get-XenDomain web01 | Format-List)) | Should -Be 'Id', 'Name', 'Uuid', 'Type', 'State', 'VCpus'
    }

    It 'hosts' {
        Get-Label (Get-Line (Connect-XenHost -Simulated -PassThru | Format-List)) | Should -Be 'Host', 'InterfaceVersion', 'Architecture', 'Guests'
    }

    It 'sessions' {
        Enable-XenMonitor web01
        $null = Watch-XenVmEvent web01 -Event Cpuid -First 5 -Duration 60
        $lines = Get-Line (Get-XenMonitor web01 | Format-List)
        Disable-XenMonitor web01
        Get-Label $lines | Should -Be @(
            'Domain', 'DomainId', 'State', 'Channel', 'StartTime', 'ResponseTimeout', 'Events', 'ByKind', 'ByVCpu', 'Answered',
            'Held', 'TimedOut', 'Dropped', 'Overwritten', 'WaitTime', 'HandlingTime')
        $lines -join "`n" | Should -Match 'ByKind +: Cpuid \d+'
        $lines -join "`n" | Should -Match 'HandlingTime +: min [\d.]+, median [\d.]+, p99 [\d.]+, max [\d.]+ \u00b5s'
    }

    It 'statistics is their default view' {
        $statistics = (Enable-XenMonitor web01 -PassThru).Statistics
        Disable-XenMonitor web01
        Get-Label (Get-Line $statistics) | Should -Be @(
            'Events', 'ByKind', 'ByVCpu', 'Answered', 'Held', 'TimedOut', 'Dropped', 'Overwritten', 'WaitTime', 'HandlingTime')
    }

    It 'registers is their default view, in hex' {
        $registers = (Watch-XenVmEvent web01 -Event Cpuid -First 1 -Duration 60).Registers
        $lines = Get-Line $registers
        Get-Label $lines | Should -Be $registers.PSObject.Properties.Name
        $lines | Should -Contain ('Rip             : 0x{0:x16}' -f $registers.Rip)
        $lines | Where-Object { $_ -match '^R\w+ ' -and $_ -notmatch ': 0x[0-9a-f]{16}$' } | Should -BeNullOrEmpty
    }

    It 'a segment says what it is of, in hex' {
        $segment = (Watch-XenVmEvent web01 -Event Cpuid -First 1 -Duration 60).Registers.Cs
        $lines = Get-Line $segment
        Get-Label $lines | Should -Be $segment.PSObject.Properties.Name
        $lines | Should -Contain 'Limit          : 0xffffffff'
        $lines | Should -Contain 'IsLong         : True'
    }

    It '<Kind> events has their own fields, addresses in hex' -ForEach @(
        @{ Kind = 'MemAccess'; Fields = 'Gfn', 'Offset', 'LinearAddress', 'Access', 'Flags' }
        @{ Kind = 'WriteControlRegister'; Fields = 'Register', 'OldValue', 'NewValue' }
        @{ Kind = 'MovToMsr'; Fields = 'Msr', 'MsrName', 'OldValue', 'NewValue' }
        @{ Kind = 'SoftwareBreakpoint'; Fields = 'Gfn', 'InstructionLength', 'TrapType' }
        @{ Kind = 'DebugException'; Fields = 'Gfn', 'PendingDebug', 'InstructionLength', 'TrapType' }
        @{ Kind = 'Cpuid'; Fields = 'Leaf', 'Subleaf', 'InstructionLength' }
        @{ Kind = 'DescriptorAccess'; Fields = 'Descriptor', 'IsWrite', 'InstructionInfo', 'ExitQualification' }
        @{ Kind = 'GuestRequest'; Fields = @() }
        @{ Kind = 'VmExit'; Fields = 'Reason', 'Qualification' }
        @{ Kind = 'Io'; Fields = 'Port', 'Bytes', 'IsIn', 'IsString' }
    ) {
        $one = switch ($Kind) {
            MemAccess { Watch-XenMemAccess web01 -Access Write -First 1 -Duration 60 }
            MovToMsr { Watch-XenVmEvent web01 -Event MovToMsr -Msr 0xc0000082 -First 1 -Duration 60 }
            default { Watch-XenVmEvent web01 -Event $Kind -First 1 -Duration 60 }
        }
        $lines = Get-Line ($one | Format-List)
        Get-Label $lines | Should -Be @(
            @('Time', 'Domain', 'DomainId', 'VCpu', 'Kind') + $Fields +
            @('InstructionPointer', 'View', 'IsSynchronous', 'IsForeign', 'IsNested', 'Response', 'ResponseState', 'HandlingTime', 'Registers'))
        $lines | Where-Object { $_ -match "^InstructionPointer +: 0x$('{0:x16}' -f $one.InstructionPointer)$" } | Should -HaveCount 1
        foreach ($field in $Fields | Where-Object { $_ -in 'Gfn', 'Offset', 'LinearAddress', 'OldValue', 'NewValue', 'Msr', 'Leaf', 'Subleaf', 'Qualification', 'Port', 'PendingDebug' }) {
            $lines | Where-Object { $_ -match "^$field +: 0x0*$('{0:x}' -f $one.$field)$" } | Should -HaveCount 1
        }
    }
}

Describe 'The views of <_>' -ForEach $eventTypes {
    It 'are a table, a list, and name only properties that it has' {
        $type = $_ -as [type]
        $views = (Get-FormatData -TypeName $_ -PowerShellVersion $PSVersionTable.PSVersion).FormatViewDefinition
        $views[0].Control | Should -BeOfType System.Management.Automation.TableControl -Because 'the first is the default'
        $views.Control | Where-Object { $_ -is [Management.Automation.ListControl] } | Should -HaveCount 1
        $named = @($views.Control.Rows.Columns.DisplayEntry) + @($views.Control.Entries.Items.DisplayEntry) |
            Where-Object ValueType -EQ Property | ForEach-Object Value
        $named | Where-Object { -not $type.GetProperty($_) } | Should -BeNullOrEmpty
        # The table has the details, with the instruction before them if it was looked up.
        $type.GetProperties().Name | Where-Object { $_ -notin $named -and $_ -ne 'Details' } | Should -BeNullOrEmpty -Because 'a list shows everything'
    }
}
