BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    function Get-Completion([string] $Line) { (TabExpansion2 $Line $Line.Length).CompletionMatches.CompletionText }
}
AfterAll { Switch-SimulatedHost }

Describe 'New-, Get-, Switch- and Remove-XenMemoryView' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'make, list, switch to and remove a view' {
        $view = New-XenMemoryView web01 -Access RX 3>$null
        "$($view.Domain) $($view.View) $($view.Access)" | Should -Be 'web01 1 RX'
        (Get-XenMemAccess web01 -View 1).Access | Should -Be 'RX'
        (Get-XenMemAccess web01).Access | Should -Be 'Rwx'
        $view | Switch-XenMemoryView
        (Get-XenMemoryView web01 | Where-Object View -EQ 1).VCpus | Should -Be 0, 1
        Switch-XenMemoryView web01 0
        $view | Remove-XenMemoryView
        (Get-XenMemoryView web01).View | Should -Be 0
        Disable-XenMonitor web01
        Assert-GuestFree web01
    }

    It 'do nothing with -WhatIf' {
        New-XenMemoryView web01 -WhatIf | Should -BeNullOrEmpty
        Get-XenMonitor | Should -BeNullOrEmpty
        $view = New-XenMemoryView web01 3>$null
        $view | Switch-XenMemoryView -WhatIf
        $view | Remove-XenMemoryView -WhatIf
        (Get-XenMemoryView web01 | Where-Object View -EQ 1).VCpus | Should -BeNullOrEmpty
    }

    It 'have every view removed and all vCPUs in the host''s own at the end of the session' {
        New-XenMemoryView web01 3>$null | Switch-XenMemoryView
        $seen = Get-XenMemoryView web01 | Where-Object View -EQ 1 | Watch-XenMemAccess -Access Write -Repeat -First 10 -Duration 60
        $seen.View | Should -Be (@(1) * 10)
        Disable-XenMonitor web01
        $guest = Get-SimulatedDomain web01
        $guest.HasViews | Should -BeFalse
        $guest.VCpus.View | Should -Be 0, 0
        $guest.VCpus.IsSingleStepping | Should -Be $false, $false
        Assert-GuestFree web01
    }

    It 'refuse to remove a view that a vCPU is in' {
        New-XenMemoryView web01 3>$null | Switch-XenMemoryView
        Remove-XenMemoryView web01 1 -ErrorVariable refused -ErrorAction SilentlyContinue
        $refused.FullyQualifiedErrorId | Should -Be 'ViewInUse,XenVmEvent.PS.RemoveXenMemoryViewCommand'
        $refused.CategoryInfo.Category | Should -Be 'ResourceBusy'
        $refused[0].ErrorDetails.RecommendedAction | Should -BeLike '*Switch-XenMemoryView*'
    }

    It 'have nothing to show or to switch to in a domain that is not monitored' {
        foreach ($command in { Get-XenMemoryView web01 -ErrorAction Stop }, { Switch-XenMemoryView web01 1 -ErrorAction Stop }) {
            $refused = $command | Should -Throw -ErrorId 'SessionEnded,*' -PassThru
            $refused.CategoryInfo.Category | Should -Be 'ConnectionError'
        }
        Get-XenMemoryView -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'know no view that is not there' {
        Enable-XenMonitor web01
        foreach ($command in { Switch-XenMemoryView web01 3 }, { Remove-XenMemoryView web01 3 }, { Get-XenMemAccess web01 0x400 -View 3 },
            { Set-XenMemAccess web01 0x400 R -View 3 }, { Watch-XenMemAccess web01 Write -View 3 -Duration 1 }) {
            $refused = $null
            & $command -ErrorAction SilentlyContinue -ErrorVariable refused 2>&1 | ForEach-Object { $refused = $_ }
            $refused.FullyQualifiedErrorId | Should -BeLike '*NotFound,*' -Because "$command"
        }
    }

    It 'say how to have altp2m where a domain has none' {
        Switch-SimulatedHost @{ Domains = [XenVmEvent.Simulation.SimulatedDomainOptions[]] @(@{ Id = 1; Name = 'web01'; AltP2m = 'Disabled' }) }
        New-XenMemoryView web01 -ErrorVariable refused -ErrorAction SilentlyContinue 3>$null
        $refused.FullyQualifiedErrorId | Should -Be 'NotSupported,XenVmEvent.PS.NewXenMemoryViewCommand'
        $refused[0].ErrorDetails.RecommendedAction | Should -BeLike '*altp2m="external"*'
    }

    It 'complete -View with the domain''s views' {
        $null = New-XenMemoryView web01 3>$null
        $null = New-XenMemoryView db01 3>$null
        $null = New-XenMemoryView db01
        Get-Completion 'Switch-XenMemoryView web01 ' | Should -Be '0', '1'
        Get-Completion 'Watch-XenMemAccess -Domain db01 -Access Write -View ' | Should -Be '0', '1', '2'
    }
}
