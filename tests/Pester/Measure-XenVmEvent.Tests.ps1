BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    $null = Connect-XenHost -Simulated
    $events = Watch-XenMemAccess web01, db01 -Access Write -First 60 -Duration 60

    function Get-Line($Formatted) { ($Formatted | Out-String -Width 120).Trim() -split '\r?\n' -replace '\x1b\[[\d;]*m' }
}
AfterAll { Switch-SimulatedHost }

Describe 'Measure-XenVmEvent' {
    It 'sums up a stream' {
        $measure = $events | Measure-XenVmEvent
        $measure | Should -HaveCount 1
        $measure.Events | Should -Be 60
        $measure.ByKind['MemAccess'] | Should -Be 60
        ($measure.ByDomain.Values | Measure-Object -Sum).Sum | Should -Be 60
        ($measure.ByVCpu.Values | Measure-Object -Sum).Sum | Should -Be 60
        $times = $events.Time | Sort-Object
        $measure.Duration | Should -Be ($times[-1] - $times[0])
        $measure.BusiestInstructions.Count | Should -BeIn (1..5)
        $measure.Dropped | Should -Be 0
        $measure.TimedOut | Should -Be 0
        $measure.HandlingTime.Median | Should -BeGreaterThan ([timespan]::Zero)
        $busiest = $events | Group-Object { "$($_.Domain) $($_.Gfn)" } | Sort-Object Count -Descending | Select-Object -First 1
        $measure.BusiestPages[0].Events | Should -Be $busiest.Count
        $measure.BusiestPages | Should -HaveCount 5
    }

    It 'gives the same of a recording, but for what was dropped' {
        $events | Export-XenVmEvent TestDrive:/a.jsonl.gz
        $recorded = Import-XenVmEvent TestDrive:/a.jsonl.gz | Measure-XenVmEvent -Top 3
        $live = $events | Measure-XenVmEvent -Top 3
        $recorded.Dropped | Should -BeNullOrEmpty
        foreach ($name in 'StartTime', 'Duration', 'Events', 'EventsPerSecond', 'HandlingTime', 'TimedOut') { $recorded.$name | Should -Be $live.$name }
        "$($recorded.BusiestPages)" | Should -Be "$($live.BusiestPages)"
        "$($recorded.BusiestInstructions)" | Should -Be "$($live.BusiestInstructions)"
    }

    It 'gives a line every interval while the watch runs' {
        $lines = [Collections.Generic.List[object]]::new()
        Watch-XenVmEvent web01 -Event Cpuid -Duration 60 | Measure-XenVmEvent -Interval 0.1 | ForEach-Object { $lines.Add($_); $_ } |
            Select-Object -First 3 | Should -HaveCount 3
        foreach ($i in 1, 2) { ($lines[$i].StartTime - $lines[$i - 1].StartTime).TotalSeconds * 10 % 1 | Should -BeIn 0, 1 }
        $lines.Duration | Should -Be (, [timespan]::FromSeconds(0.1) * 3)
        Assert-GuestFree web01
    }

    It 'leaves no event out of its intervals' {
        $whole = ($events | Measure-XenVmEvent).Duration
        $lines = @($events | Sort-Object Time | Measure-XenVmEvent -Interval ($whole / 3) -Top 1)
        $lines.Count | Should -BeIn 2, 3, 4
        ($lines | Measure-Object Events -Sum).Sum | Should -Be 60
        $lines.ForEach({ @($_.BusiestInstructions).Count }) | Sort-Object -Unique | Should -Be 1
    }

    It 'sums up nothing as nothing, and gives no interval of it' {
        (@() | Measure-XenVmEvent).Events | Should -Be 0
        @() | Measure-XenVmEvent -Interval 1 | Should -BeNullOrEmpty
    }

    It 'counts by the rule of a policy that applied' {
        $policy = Join-Path $TestDrive p.yaml
        Set-Content $policy "version: 1`nname: p`ndomains: ['*']`nrules:`n- {name: first, event: Cpuid, when: leaf == 0, answer: continue}`n- {name: rest, event: Cpuid, severity: notice}"
        $measure = Watch-XenVmEvent web01 -Policy $policy -First 30 | Measure-XenVmEvent
        ($measure.ByRule.Events | Measure-Object -Sum).Sum | Should -Be 30
        $measure.ByRule.Rule | Should -Be @('first', 'rest')
        $measure.ByRule[0].Answered | Should -Be $measure.ByRule[0].Events
        $measure.ByRule[1].Answered | Should -Be 0
        Get-Line $measure | Where-Object { $_ -match '^ByRule +: p first \(Info\): \d+, \d+ answered' } | Should -HaveCount 1
    }

    It 'refuses an interval of nothing' {
        { $events | Measure-XenVmEvent -Interval 0 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,XenVmEvent.PS.MeasureXenVmEventCommand'
    }

    It 'is shown as a list, and intervals as a table within 120 columns' {
        $list = Get-Line ($events | Measure-XenVmEvent)
        $list | Where-Object { $_ -match '^(\w+)\s*:' } | ForEach-Object { $Matches[1] } | Should -Be @(
            'StartTime', 'Duration', 'Events', 'EventsPerSecond', 'ByKind', 'ByDomain', 'ByVCpu', 'BusiestPages', 'BusiestInstructions',
            'HandlingTime', 'TimedOut', 'Dropped')
        $list | Where-Object { $_ -match '^ByKind +: MemAccess 60$' } | Should -HaveCount 1
        $list | Where-Object { $_ -match '(web|db)01 0x[0-9a-f]{1,6}: \d+$' } | Should -HaveCount 5
        $table = Get-Line ($events | Measure-XenVmEvent -Interval 3600)
        $table[0] | Should -MatchExactly '^StartTime +Duration +Events +PerSecond TimedOut Dropped Median µs +P99 µs +Max µs BusiestPage$'
        $table[2] | Should -MatchExactly '^\d\d:\d\d:\d\d\.\d{3} +[\d.]+ s +60 +[\d.]+ +0 +0 +[\d.]+ +[\d.]+ +[\d.]+ (web|db)01 0x'
        $table | Where-Object Length -GT 120 | Should -BeNullOrEmpty
        Get-Line ($events | Measure-XenVmEvent -Interval 3600 | Format-List) | Should -Contain 'Events              : 60'
    }
}
