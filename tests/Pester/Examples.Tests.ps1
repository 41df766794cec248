# Runs the examples of the help as they are written, each in a new shell with a new simulated host.
BeforeDiscovery {
    $docs = "$PSScriptRoot/../../docs"
    $pattern = '(?ms)^```powershell\n(?<Code>.*?)\n```$(?:\n\n```output\n(?<Output>.*?)\n```$)?'
    $examples = foreach ($page in Get-ChildItem "$docs/cmdlets/*.md", "$docs/about_*.md") {
        $number = 0
        foreach ($found in [regex]::Matches((Get-Content $page -Raw), $pattern)) {
            $code = $found.Groups['Code'].Value
            @{ Page = $page.BaseName; Number = ++$number; Code = $code; Output = $found.Groups['Output'].Value; NeedsFleet = $code -match 'redis\.example|XenMonitorAgent' }
        }
    }
}

BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    . $PSScriptRoot/SimulatedFleet.ps1
    $fleet = $null
    $hasRedis = Test-Redis
    if ($hasRedis) {
        $null = Connect-XenHost -Simulated
        $fleet = Start-SimulatedFleet "$TestDrive/fleet"
    }

    # What stays the same from run to run: the headings of tables, the labels of lists, the number of lines.
    function Get-Shape([string] $Text) {
        $lines = @($Text.Trim() -split '\r?\n')
        for ($i = 0; $i -lt $lines.Count; $i++) {
            if ($i + 1 -lt $lines.Count -and $lines[$i + 1] -match '^[- ]*-[- ]*$') { $lines[$i].Trim() -replace ' +', ' ' }
            elseif ($lines[$i] -match '^(\w+) +:') { $Matches[1] }
            else { $lines[$i] ? 'a line' : 'an empty line' }
        }
    }
}
AfterAll {
    Stop-SimulatedFleet $fleet
    Switch-SimulatedHost
}

Describe 'The example of' {
    It '<Page> <Number> does what it shows' -ForEach $examples {
        if ($NeedsFleet -and -not $fleet) { Set-ItResult -Skipped -Because 'redis-server is not installed (Debian: apt install redis-server)' }
        if ($NeedsFleet) {
            $Code = $Code -replace 'redis\.example:6379', "'$($fleet.Redis)'" -replace '/run/xenvmevent/agent\.sock', $fleet.Agent
            $Code = "`$PSDefaultParameterValues['Get-XenMonitorAgent:Socket'] = '$($fleet.Agent)'`n$Code"
        }
        $shell = Open-Shell '$PSStyle.OutputRendering = "PlainText"; Connect-XenHost -Simulated'
        $null = $shell.Invoke()
        $shell.Commands.Clear()
        try {
            $shown = $shell.AddScript($Code).AddCommand('Out-String').AddParameter('Width', 120).Invoke() -join ''

            # On a slow machine a held event may have got its default before the example answers it.
            $shell.Streams.Error | Where-Object FullyQualifiedErrorId -NotLike 'AlreadyAnswered*' | Should -BeNullOrEmpty
            if ($Output) { Get-Shape $shown | Should -Be @(Get-Shape $Output) }
            (Get-SimulatedHost).Crash | Should -BeNullOrEmpty
            Get-XenMonitor | Disable-XenMonitor
            (Get-SimulatedHost).Domains.IsMonitored | Should -Not -Contain $true
        }
        finally {
            $shell.Dispose()
        }
    }
}
