BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
}
AfterAll { Switch-SimulatedHost }

Describe 'Test-XenMonitor' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'tells of the host alone when no domain is named' {
        $checks = Test-XenMonitor
        $checks.Name | Should -Be 'Privilege', 'Xen', 'Libraries', 'Devices', 'Interface', 'Hardware', 'AltP2m'
        $checks.Result | Should -Be (, 'Passed' * 7)
        $checks | Where-Object Domain | Should -BeNullOrEmpty
    }

    It 'takes domains by <How>' -ForEach @(
        @{ How = 'position'; Command = { Test-XenMonitor web01, db01 } }
        @{ How = 'wildcard'; Command = { Test-XenMonitor * } }
        @{ How = 'pipeline'; Command = { 'web01', 2 | Test-XenMonitor } }
        @{ How = 'object'; Command = { Get-XenDomain web01, db01 | Test-XenMonitor } }
        @{ How = 'property'; Command = { [pscustomobject] @{ Domain = 'web01' }, [pscustomobject] @{ Domain = 'db01' } | Test-XenMonitor } }
    ) {
        $checks = & $Command | Where-Object Domain
        $checks.Domain | Select-Object -Unique | Should -Be 'web01', 'db01'
        $checks.Name | Select-Object -Unique | Should -Be 'DomainType', 'Capabilities', 'PageAccess', 'AltP2m', 'Listener', 'VCpus'
        $checks.Result | Select-Object -Unique | Should -Be 'Passed'
    }

    It 'tells of what a dead listener left, changes nothing, and what it finds can be piped to the remedy' {
        $guest = Get-SimulatedDomain web01
        Suspend-Guest web01

        $failed = Test-XenMonitor * | Where-Object Result -EQ Failed
        $failed.Domain | Select-Object -Unique | Should -Be 'web01'
        $failed.Name | Should -Be 'Listener', 'VCpus'
        $failed[1].Found | Should -Match '^vCPUs? 0(, 1)? of 2 seems? frozen:'
        $failed.Remedy | Should -BeLike '*Reset-XenMonitor*'
        $guest.IsMonitored | Should -BeTrue
        $guest.VCpus[0].IsPaused | Should -BeTrue

        $failed | Select-Object -First 1 | Reset-XenMonitor -Confirm:$false | Should -HaveCount 1
        Assert-GuestFree web01
        Test-XenMonitor web01 -Quiet | Should -BeTrue
    }

    It 'returns one boolean with -Quiet' {
        Test-XenMonitor -Quiet | Should -BeExactly $true
        Test-XenMonitor web01, db01 -Quiet | Should -BeExactly $true
        'web01', 'nosuch' | Test-XenMonitor -Quiet | Should -BeExactly $false
        Test-XenMonitor 0 -Quiet | Should -BeExactly $false
        Suspend-Guest db01
        Test-XenMonitor web01 -Quiet | Should -BeExactly $true
        Test-XenMonitor * -Quiet | Should -BeExactly $false
    }

    It 'passes the session of this process' {
        Enable-XenMonitor web01
        $check = Test-XenMonitor web01 | Where-Object Name -EQ Listener
        $check.Result | Should -Be 'Passed'
        $check.Found | Should -BeLike '*This process*'
    }

    It 'takes a warning for no failure' {
        Switch-SimulatedHost @{ HasExtendedPageTables = $false }
        (Test-XenMonitor web01).Result | Should -Contain 'Warning'
        Test-XenMonitor web01 -Quiet | Should -BeExactly $true
    }

    It 'has an error for a domain that is not there' {
        Test-XenMonitor nosuch, web01 -ErrorVariable missing -ErrorAction SilentlyContinue | Should -HaveCount 13
        $missing.FullyQualifiedErrorId | Should -BeLike 'DomainNotFound,*'
    }

    It 'works where there is no Xen, and says what to do' {
        if (Test-Path /proc/xen) { Set-ItResult -Skipped -Because 'this machine has Xen' }
        Switch-SimulatedHost
        $checks = Test-XenMonitor web01
        $failed = $checks | Where-Object Result -EQ Failed
        $failed.Name | Should -Be 'Xen'
        $failed.Remedy | Should -BeLike '*Connect-XenHost -Simulated*'
        $checks[-1].Domain | Should -Be 'web01'
        $checks[-1].Result | Should -Be 'Skipped'
        Test-XenMonitor -Quiet | Should -BeExactly $false
    }

    Context 'shown as a table' {
        It 'fits 120 columns, wraps between words and groups by domain' {
            Switch-SimulatedHost @{ HasExtendedPageTables = $false }
            $lines = (Test-XenMonitor web01 | Out-String -Width 120).Trim() -split '\r?\n' -replace '\x1b\[[\d;]*m'
            $lines | Where-Object Length -GT 120 | Should -BeNullOrEmpty
            $lines[0].Trim() | Should -Be 'Checks of: the host'
            $lines | Where-Object { $_.Trim() -eq 'Checks of: web01' } | Should -HaveCount 1
            $lines | Where-Object { $_ -match '^Name +Result +Found +Remedy$' } | Should -HaveCount 2
            $lines -join "`n" | Should -Not -Match '\u2026'
            $hardware = @($lines | Where-Object { $_ -match '^Hardware +Warning ' })
            $hardware | Should -HaveCount 1
            $hardware[0] | Should -BeLike '*For those, use a host with an Intel processor.'
        }

        It 'has colours where the terminal has' {
            $view = (Get-FormatData XenVmEvent.Diagnosis.MonitorCheck -PowerShellVersion $PSVersionTable.PSVersion).FormatViewDefinition[0]
            $result = [scriptblock]::Create($view.Control.Rows[0].Columns[1].DisplayEntry.Value)
            $shown = Test-XenMonitor | Select-Object -First 1 | ForEach-Object $result
            if ($Host.UI.SupportsVirtualTerminal) { $shown | Should -Be "$($PSStyle.Foreground.Green)Passed$($PSStyle.Reset)" }
            else { $shown | Should -Be 'Passed' }
        }
    }
}
