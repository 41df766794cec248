BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    $null = Connect-XenHost -Simulated
    $events = Watch-XenMemAccess web01, db01 -Access Write -First 60 -Duration 60
    Set-Location TestDrive:/

    # The data that the page's script draws.
    function Get-Data([string] $Page) { ([regex]::Match($Page, '(?s)<script type="application/json" id="data">(.*?)</script>').Groups[1].Value | ConvertFrom-Json) }
}
AfterAll {
    Set-Location $PSScriptRoot
    Switch-SimulatedHost
}

Describe 'Export-XenVmEventReport' {
    It 'writes the page to the pipeline as one string' {
        $page = $events | Export-XenVmEventReport
        $page | Should -BeOfType string
        $page | Should -HaveCount 1
        $page | Should -BeLike '<!DOCTYPE html>*<title>Xen events of db01 and web01</title>*</html>*'
        $data = Get-Data $page
        $data.events | Should -Be 60
        $data.dropped | Should -Be 0
        ($data.pages.events | Measure-Object -Sum).Sum | Should -Be 60
        $data.lanes | Should -HaveCount (@($events | Group-Object Domain, VCpu).Count)
        $events | Export-XenVmEventReport | Set-Content page.html
        (Get-Data (Get-Content page.html -Raw)).events | Should -Be 60
    }

    It 'writes a file, and passes it on when asked' {
        $events | Export-XenVmEventReport a.html -Title 'One <two>' | Should -BeNullOrEmpty
        Get-Content a.html -Raw | Should -BeLike '*<h1>One &lt;two&gt;</h1>*'
        $file = $events | Export-XenVmEventReport -Path TestDrive:/b.html -PassThru
        $file | Should -BeOfType IO.FileInfo
        $file.PSPath | Should -Be (Get-Item b.html).PSPath
        $file.Length | Should -Be (Get-Item b.html).Length
    }

    It 'makes the same page of a recording as of what was recorded, but for what was dropped' {
        $events | Export-XenVmEvent trace.jsonl.gz
        Export-XenVmEventReport recorded.html -RecordingPath trace.jsonl*
        Import-XenVmEvent trace.jsonl.gz | Export-XenVmEventReport imported.html
        Get-Content recorded.html -Raw | Should -BeExactly (Get-Content imported.html -Raw)
        $live = $events | Export-XenVmEventReport
        Get-Content recorded.html -Raw | Should -BeExactly ($live -replace '"dropped":0,')
    }

    It 'puts several recordings in one page' {
        'm1.jsonl', 'm2.jsonl' | ForEach-Object { $events | Export-XenVmEvent $_ }
        (Get-Data (Export-XenVmEventReport -RecordingPath m?.jsonl)).events | Should -Be 120
        (Get-Data (Export-XenVmEventReport -RecordingPath m1.jsonl, m2.jsonl)).events | Should -Be 120
    }

    It 'names a recording that is none, and shows the others' {
        'text' > text.txt
        $events | Export-XenVmEvent good.jsonl
        $page = Export-XenVmEventReport -RecordingPath text.txt, missing.jsonl, good.jsonl -ErrorVariable errors -ErrorAction SilentlyContinue
        (Get-Data $page).events | Should -Be 60
        ($errors | Where-Object { $_ -is [Management.Automation.ErrorRecord] }).FullyQualifiedErrorId | Should -Be @(
            'InvalidRecording', 'RecordingFailed').ForEach({ "$_,XenVmEvent.PS.ExportXenVmEventReportCommand" })
    }

    It 'overwrites, refuses to, or does so by force' {
        'kept' > c.html
        $events | Export-XenVmEventReport c.html -WhatIf
        { $events | Export-XenVmEventReport c.html -NoClobber } | Should -Throw -ErrorId 'ReportExists,XenVmEvent.PS.ExportXenVmEventReportCommand'
        Get-Content c.html | Should -Be 'kept'
        $events | Export-XenVmEventReport c.html
        (Get-Item c.html).IsReadOnly = $true
        $events | Export-XenVmEventReport c.html -Force -Title Forced
        Get-Content c.html -Raw | Should -BeLike '*<h1>Forced</h1>*'
        (Get-Item c.html).IsReadOnly | Should -BeTrue
        { $events | Export-XenVmEventReport none/c.html } | Should -Throw -ErrorId 'ReportFailed,XenVmEvent.PS.ExportXenVmEventReportCommand'
        { $events | Export-XenVmEventReport Env:x } | Should -Throw -ErrorId 'RecordingFailed,XenVmEvent.PS.ExportXenVmEventReportCommand'
    }

    It 'needs events or recordings, not both' {
        { $events | Export-XenVmEventReport -RecordingPath trace.jsonl -ErrorAction Stop } | Should -Throw -ErrorId 'InputObjectNotBound,XenVmEvent.PS.ExportXenVmEventReportCommand'
    }

    It 'shows what came before the pipeline was stopped' {
        $seen = [Collections.Concurrent.ConcurrentQueue[object]]::new()
        $shell = (Open-Shell 'param($File, $Seen) Connect-XenHost -Simulated; Watch-XenVmEvent web01 -Event Cpuid | ForEach-Object { $_; $Seen.Enqueue($_) } | Export-XenVmEventReport $File').AddArgument("$TestDrive/stopped.html").AddArgument($seen)
        $null = $shell.BeginInvoke()
        Wait-Condition { $seen.Count -ge 20 } | Should -BeTrue
        $shell.Stop()
        $shell.Dispose()
        (Get-Data (Get-Content stopped.html -Raw)).events | Should -BeGreaterOrEqual 20
    }
}
