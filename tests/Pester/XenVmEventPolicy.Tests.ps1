BeforeAll { . $PSScriptRoot/SimulatedHost.ps1 }
AfterAll { Switch-SimulatedHost }

Describe 'Policies' {
    BeforeEach {
        $null = Connect-XenHost -Simulated
        $policy = Join-Path $TestDrive 'linux.yaml'
        Set-Content $policy 'version: 1', 'name: linux', 'domains: [web*]', 'rules:',
            '- {name: lstar, event: MovToMsr, msr: IA32_LSTAR, answer: deny, severity: critical}',
            '- {name: leaf, event: Cpuid, set: {rcx: 0}}'
    }

    It 'are valid, or say where they are wrong' {
        (Test-XenVmEventPolicy $policy).IsValid | Should -BeTrue
        Set-Content (Join-Path $TestDrive 'wrong.yaml') ((Get-Content $policy) -replace 'set:', 'sat:')
        $wrong = Test-XenVmEventPolicy (Join-Path $TestDrive 'wrong.yaml')
        $wrong.IsValid | Should -BeFalse
        $wrong.Problems | Should -HaveCount 1
        $wrong.Problems.Line | Should -Be 6
        $wrong.Problems.Message | Should -BeLike "*did you mean 'set'?"
    }

    It 'show the events that their rules report' {
        $events = Watch-XenVmEvent * -Policy $policy -First 20
        $events.Domain | Sort-Object -Unique | Should -Be 'web01'
        $events.Policy | Sort-Object -Unique | Should -Be 'linux'
        $events | Where-Object Kind -EQ MovToMsr | ForEach-Object { $_.Rule, "$($_.Severity)", "$($_.Response)", "$($_.ResponseState)" | Should -Be 'lstar', 'Critical', 'Deny', 'Rule' }
    }

    It 'are tried on recordings' {
        $recording = Join-Path $TestDrive 'r.jsonl'
        Watch-XenVmEvent web01 -Policy $policy -First 20 | Export-XenVmEvent $recording
        $rows = Test-XenVmEventPolicy $policy -Recording $recording
        $rows.Rule | Should -Be 'lstar', 'leaf', $null
        ($rows | Measure-Object Fitted -Sum).Sum | Should -Be 20
        $rows[-1].Fitted | Should -Be 0
        (Import-XenVmEvent $recording).Rule | Sort-Object -Unique | Should -BeIn 'leaf', 'lstar'
        Test-XenVmEventPolicy $policy -Recording $recording -Detailed | Should -HaveCount 20
    }

    It 'are kept by sessions, replaced and removed' {
        Enable-XenMonitor web01 -Policy $policy
        (Get-XenVmEventPolicy web01).Rule | Should -Be 'lstar', 'leaf'
        Wait-Condition { (Get-XenVmEventPolicy web01 | Where-Object Rule -EQ leaf).Answered -gt 0 } | Should -BeTrue
        Set-Content $policy ((Get-Content $policy) -replace 'name: leaf', 'name: leaves')
        (Set-XenVmEventPolicy web01 $policy -PassThru).Rule | Should -Be 'lstar', 'leaves'
        (Get-XenVmEventPolicy).Rule | Should -Be 'lstar', 'leaves'
        Watch-XenVmEvent web01 -Event Cpuid -First 1 | ForEach-Object Rule | Should -Be 'leaves'
        Remove-XenVmEventPolicy web01 lin* -WhatIf
        Get-XenVmEventPolicy | Should -HaveCount 2
        Remove-XenVmEventPolicy web01 lin*
        Get-XenVmEventPolicy | Should -BeNullOrEmpty
        Disable-XenMonitor web01
        Assert-GuestFree web01
    }

    It 'are refused with a reason, and nothing changes' {
        { Enable-XenMonitor db01 -Policy $policy -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument,*'
        Get-XenMonitor | Should -BeNullOrEmpty
        { Watch-XenVmEvent web01 -Policy $policy -Msr 1 } | Should -Throw -ErrorId 'InvalidArgument,*'
        { Watch-XenVmEvent web01 -Policy (Join-Path $TestDrive 'none.yaml') } | Should -Throw -ErrorId 'InvalidPolicy,*'
        { Set-XenVmEventPolicy web01 $policy -ErrorAction Stop } | Should -Throw -ErrorId 'SessionEnded,*'
        Enable-XenMonitor web01
        { Remove-XenVmEventPolicy web01 linux -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument,*'
        Set-Content $policy 'version: 1'
        { Set-XenVmEventPolicy web01 $policy } | Should -Throw -ErrorId 'InvalidPolicy,*'
        Get-XenVmEventPolicy | Should -BeNullOrEmpty
    }
}
