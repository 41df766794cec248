BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Get-XenMemAccess and Set-XenMemAccess' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'shows the pages of a domain that nobody monitors, and leaves it so' {
        $access = Get-XenMemAccess web01
        "$($access.Domain) $($access.Gfn) $($access.Pages) $($access.Access) $($access.View)" | Should -Be 'web01 0x0-0xfff 4096 Rwx 0'
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'sets pages until the end of a session that it opens, and says so' {
        Set-XenMemAccess web01 0x400-0x403 R -WarningVariable warned 3>$null
        $warned | Should -BeLike '*web01*Disable-XenMonitor*'
        (Get-XenMemAccess web01 0x400-0x407 | ForEach-Object { "$_" }) | Should -Be '0x400-0x403 R', '0x404-0x407 Rwx'
        Disable-XenMonitor web01
        Assert-GuestFree web01
    }

    It 'takes pages by pipeline, and sets what was saved again' {
        Enable-XenMonitor web01
        0x400..0x40f | Where-Object { $_ % 2 } | Set-XenMemAccess web01 -Access RW
        $saved = Get-XenMemAccess web01 0x400-0x40f
        $saved | Should -HaveCount 16
        $saved | Set-XenMemAccess -Access N2rwx
        (Get-XenMemAccess web01 0x400-0x40f).Access | Should -Be 'N2rwx'
        $saved | Set-XenMemAccess
        (Get-XenMemAccess web01 0x400-0x40f).Access | Should -Be $saved.Access
    }

    It 'does nothing with -WhatIf' {
        Set-XenMemAccess web01 0x400 R -WhatIf
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'refuses the permission <_>, which the guest would not survive, with the reason' -ForEach 'W', 'WX' {
        Enable-XenMonitor web01
        Set-XenMemAccess web01 0x400 $_ -ErrorVariable refused -ErrorAction SilentlyContinue
        $refused.FullyQualifiedErrorId | Should -Be 'NotSupported,XenVmEvent.PS.SetXenMemAccessCommand'
        "$refused" | Should -BeLike '*the guest would crash*'
        (Get-XenMemAccess web01).Access | Should -Be 'Rwx'
        $refused[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'opens no session where <Refused> is refused' -ForEach @(
        @{ Refused = 'a permission'; Id = 'NotSupported'; Command = { Set-XenMemAccess web01 0x400 W } }
        @{ Refused = 'pages'; Id = 'InvalidGfn'; Command = { Set-XenMemAccess web01 0x1000000 R } }
        @{ Refused = 'a view'; Id = 'ViewNotFound'; Command = { Set-XenMemAccess web01 0x400 R -View 3 } }
        @{ Refused = 'the permission of a view'; Id = 'NotSupported'; Command = { New-XenMemoryView web01 W } }
    ) {
        $output = & $Command 2>&1 3>&1
        $output | Should -HaveCount 1
        $output.FullyQualifiedErrorId | Should -BeLike "$Id,*"
        Get-XenMonitor | Should -BeNullOrEmpty
        Assert-GuestFree web01
    }

    It 'refuses pages that the domain does not have, and sets none' {
        Enable-XenMonitor web01
        Set-XenMemAccess web01 0xfff-0x1000 R -ErrorVariable refused -ErrorAction SilentlyContinue
        $refused.FullyQualifiedErrorId | Should -Be 'InvalidGfn,XenVmEvent.PS.SetXenMemAccessCommand'
        $refused.CategoryInfo.Category | Should -Be 'InvalidArgument'
        (Get-XenMemAccess web01).Access | Should -Be 'Rwx'
    }

    It 'is seen by a watch that restricts nothing itself, again and again' {
        Set-XenMemAccess web01 0x100-0xfff RX 3>$null
        $seen = Watch-XenMemAccess web01 -First 20 -Duration 60
        $seen | Should -HaveCount 20
        $seen.Access | Should -Not -Contain 'Execute'

        # All but those that an instruction which Xen cannot emulate has lifted for a millisecond.
        $kept = Get-XenMemAccess web01 0x100-0xfff | Where-Object Access -EQ 'RX' | Measure-Object Pages -Sum
        $kept.Sum | Should -BeGreaterThan 3800
    }
}
