BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Disable-XenMonitor' {
    BeforeEach {
        $null = Connect-XenHost -Simulated
        Enable-XenMonitor web01, db01
    }

    It 'ends a session and gives the guest everything back' {
        Disable-XenMonitor web01 | Should -BeNullOrEmpty
        (Get-XenMonitor).Domain | Should -Be 'db01'
        Assert-GuestFree web01
    }

    It 'with a wildcard ends those that are open, and is content when none is' {
        Disable-XenMonitor * -ErrorAction Stop
        Disable-XenMonitor * -ErrorAction Stop
        Assert-GuestFree web01, db01
    }

    It 'takes what Get-XenMonitor returns, by pipeline and by position' {
        Get-XenMonitor db01 | Disable-XenMonitor
        Disable-XenMonitor (Get-XenMonitor)
        Assert-GuestFree web01, db01
    }

    It 'takes the domain from the property Domain' {
        [pscustomobject]@{ Domain = 'web01' } | Disable-XenMonitor
        (Get-XenMonitor).Domain | Should -Be 'db01'
    }

    It 'does nothing with -WhatIf' {
        Disable-XenMonitor * -WhatIf
        (Get-XenMonitor).Domain | Should -Be 'web01', 'db01'
    }

    It 'leaves a domain that can be enabled again' {
        Disable-XenMonitor web01
        Enable-XenMonitor web01 -Channel Ring
        Watch-XenVmEvent web01 -Event Cpuid -First 1 -Duration 60 | Should -HaveCount 1
    }
}
