BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    . $PSScriptRoot/PowerShellCommand.ps1
    $watch = "`$null = Connect-XenHost -Simulated; `$null = Watch-XenVmEvent web01 -Event Cpuid -Duration 1.5"
}
AfterAll { Switch-SimulatedHost }

Describe 'The progress of a watch' {
    It 'is shown with its rate to who sits before it' {
        # A terminal of its own, which script makes.
        if (-not (Get-Command script -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'there is no script; Debian: apt install bsdutils' }
        $module = (Get-Module XenVmEvent).Path -replace 'XenVmEvent.PS.dll$', 'XenVmEvent.psd1'
        $command = "Import-Module '$module'; $watch"
        Set-Content "$TestDrive/watch.ps1" $command
        $shown = script -qec "$(Get-PowerShellCommand) -NoProfile -File $TestDrive/watch.ps1" /dev/null | Out-String
        $shown | Should -Match 'Watching web01'
        $shown | Should -Match '\d events, [\d,]+ a second'
    }

    It 'is not shown where the output is redirected' {
        $shell = [powershell]::Create([Management.Automation.RunspaceMode]::CurrentRunspace)
        $null = $shell.AddScript($watch).Invoke()
        [Console]::IsOutputRedirected -or $shell.Streams.Progress.Count -gt 0 | Should -BeTrue
        if ([Console]::IsOutputRedirected) { $shell.Streams.Progress | Should -BeNullOrEmpty }
    }
}
