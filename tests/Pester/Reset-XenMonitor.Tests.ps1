BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
}
AfterAll { Switch-SimulatedHost }

Describe 'Reset-XenMonitor' {
    BeforeEach {
        $null = Connect-XenHost -Simulated
        Suspend-Guest web01
    }

    It 'frees a guest that a listener left behind, and says what it found' {
        $report = Reset-XenMonitor web01 -Confirm:$false
        $report.Domain | Should -Be 'web01 (id 1)'
        $report.WasMonitored | Should -BeTrue
        $report.FrozenVCpus[0] | Should -Be 0
        $report.StillFrozenVCpus | Should -BeNullOrEmpty
        $report.PageAccessRestored | Should -BeTrue
        Assert-GuestFree web01
    }

    It 'takes domains by pipeline and by wildcard' {
        Get-XenDomain web01 | Reset-XenMonitor -Confirm:$false | Should -HaveCount 1
        Reset-XenMonitor * -Confirm:$false | Should -HaveCount 2
        Assert-GuestFree web01, db01
    }

    It 'ends a session of this process orderly' {
        Enable-XenMonitor db01
        (Reset-XenMonitor db01 -Confirm:$false).WasMonitored | Should -BeFalse
        Assert-GuestFree db01
    }

    It 'does nothing with -WhatIf' {
        Reset-XenMonitor web01 -WhatIf | Should -BeNullOrEmpty
        (Get-SimulatedDomain web01).IsMonitored | Should -BeTrue
    }

    It 'asks first, for it cuts off a listener that is alive' {
        $shell = Open-Shell 'Reset-XenMonitor web01'
        try {
            # There is nobody to ask.
            $shell.Invoke() | Should -BeNullOrEmpty
            $shell.Streams.Error | Should -Not -BeNullOrEmpty
        }
        finally { $shell.Dispose() }
        (Get-SimulatedDomain web01).IsMonitored | Should -BeTrue
    }

    It 'asks not with -Force, unless -Confirm or -WhatIf is given too' {
        $shell = Open-Shell 'Reset-XenMonitor web01 -Force -WhatIf; Reset-XenMonitor web01 -Force -Confirm'
        try { $shell.Invoke() | Should -BeNullOrEmpty }
        finally { $shell.Dispose() }
        $WhatIfPreference = $true
        Reset-XenMonitor web01 -Force
        $WhatIfPreference = $false
        (Get-SimulatedDomain web01).IsMonitored | Should -BeTrue
        $shell = Open-Shell 'Reset-XenMonitor web01 -Force'
        try { $shell.Invoke().WasMonitored | Should -BeTrue }
        finally { $shell.Dispose() }
        Assert-GuestFree web01
    }

    It 'is what the error of a busy monitor says, and Enable-XenMonitor -Force does it first' {
        Enable-XenMonitor web01 -ErrorVariable busy -ErrorAction SilentlyContinue
        $busy.FullyQualifiedErrorId | Should -BeLike 'MonitorBusy,*'
        $busy.ErrorDetails.RecommendedAction | Should -BeLike '*Reset-XenMonitor*'
        Enable-XenMonitor web01 -Force
        Watch-XenVmEvent web01 -Event Cpuid -First 1 -Duration 60 | Should -HaveCount 1
        Disable-XenMonitor web01
        Assert-GuestFree web01
    }
}
