BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    . $PSScriptRoot/PowerShellCommand.ps1
    $watch = "`$null = Connect-XenHost -Simulated; `$null = Watch-XenVmEvent web01 -Event Cpuid -Duration 1.5"
}
AfterAll { Switch-SimulatedHost }

Describe 'The progress of a watch' {
    # A terminal of its own, which script makes.
    It 'is shown with its rate to who sits before it, and only where events do not go to the screen: <Line>' -ForEach @(
        @{ Line = '$null = {0}'; IsShown = $true }
        @{ Line = '$seen = {0} | Where-Object VCpu -EQ 0'; IsShown = $true }
        @{ Line = '{0} | Measure-Object'; IsShown = $true }
        @{ Line = '{0} | Export-XenVmEvent a.jsonl'; IsShown = $true }
        @{ Line = '{0} > /dev/null'; IsShown = $true }
        @{ Line = '{0}'; IsShown = $false }
        @{ Line = '{0} | Format-Table'; IsShown = $false }
        @{ Line = '{0} | ForEach-Object { $_.VCpu }'; IsShown = $false }
        @{ Line = '{0} | Export-XenVmEvent a.jsonl -PassThru'; IsShown = $false }
        @{ Line = '{0} | Measure-XenVmEvent -Interval 1'; IsShown = $false }
    ) {
        if (-not (Get-Command script -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'there is no script; Debian: apt install bsdutils' }
        $module = (Get-Module XenVmEvent).Path -replace 'XenVmEvent.PS.dll$', 'XenVmEvent.psd1'
        Set-Content "$TestDrive/watch.ps1" "Import-Module '$module'", '$null = Connect-XenHost -Simulated', "Set-Location '$TestDrive'", $Line.Replace('{0}', 'Watch-XenVmEvent web01 -Event Cpuid -Duration 1.5'), "'done'"
        $shown = script -qec "$(Get-PowerShellCommand) -NoProfile -File $TestDrive/watch.ps1" /dev/null | Out-String
        $shown | Should -Match 'done'
        if ($IsShown) {
            $shown | Should -Match 'Watching web01'
            $shown | Should -Match '\d events, [\d,]+ a second'
        }
        else {
            $shown | Should -Not -Match 'Watching web01'
        }
    }

    It 'is not shown where the output is redirected' {
        $shell = [powershell]::Create([Management.Automation.RunspaceMode]::CurrentRunspace)
        $null = $shell.AddScript($watch).Invoke()
        [Console]::IsOutputRedirected -or $shell.Streams.Progress.Count -gt 0 | Should -BeTrue
        if ([Console]::IsOutputRedirected) { $shell.Streams.Progress | Should -BeNullOrEmpty }
    }
}
