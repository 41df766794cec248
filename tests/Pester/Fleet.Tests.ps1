# How what comes of a fleet is shown, at 80 columns as at any. What the cmdlets do is in tests/Cmdlets/Fleet.
BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1
    . $PSScriptRoot/SimulatedFleet.ps1
    $fleet = $null
    if (Test-Redis) {
        $null = Connect-XenHost -Simulated
        $fleet = Start-SimulatedFleet "$TestDrive/fleet"
    }

    function Get-Line($Formatted) { ($Formatted | Out-String -Width 80).Trim() -split '\r?\n' -replace '\x1b\[[\d;]*m' }
    function Get-Label([string[]] $Line) { $Line | Where-Object { $_ -match '^(\w+)\s*:' } | ForEach-Object { $Matches[1] } }
}
AfterAll {
    Stop-SimulatedFleet $fleet
    Switch-SimulatedHost
}

Describe 'At 80 columns' {
    BeforeEach { if (-not $fleet) { Set-ItResult -Skipped -Because 'redis-server is not installed (Debian: apt install redis-server)' } }

    It 'received events name their host, also when they come from a recording' {
        $events = Receive-XenVmEvent $fleet.Redis
        $events | Should -HaveCount 4
        $events | Export-XenVmEvent "$TestDrive/received.jsonl"
        foreach ($some in $events, (Import-XenVmEvent "$TestDrive/received.jsonl")) {
            $lines = Get-Line $some
            $lines | Should -HaveCount 6
            $lines[0] | Should -MatchExactly '^Time +HostName +Domain +Kind +Details'
            $lines[2] | Should -MatchExactly '^\d\d:\d\d:\d\d\.\d{3} dom0-1 +web01 +Cpuid +leaf 0x'
            $lines[3] | Should -MatchExactly 'dom0-2 +web01 +Cpuid'
        }
        Get-Label (Get-Line ($events[0] | Format-List)) | Should -Contain 'HostName'
    }

    It 'hosts are a table with all that matters, and a list of everything' {
        $hosts = Get-XenVmEventHost $fleet.Redis
        $lines = Get-Line $hosts
        $lines | Should -HaveCount 4
        $lines[0] | Should -MatchExactly '^HostName +LastEvent +Lag Agent +Policies +Clock +Entries'
        $lines[2] | Should -MatchExactly '^dom0-1 +\d\d-\d\d \d\d:\d\d:\d\d +\S+ (s|min) 0\.1\.0 +aaaaaaaa +\+2 ms +4'
        Get-Label (Get-Line ($hosts[0] | Format-List)) | Should -Be 'HostName', 'LastEvent', 'LastEntry', 'Lag', 'AgentVersion', 'AgentStarted', 'PolicyHash', 'ClockSkew', 'Entries', 'Groups'
    }

    It 'an agent is a list, and its parts are tables' {
        $agent = Get-XenMonitorAgent $fleet.Agent
        $lines = Get-Line $agent
        Get-Label $lines | Should -Be 'Host', 'Version', 'Started', 'Configured', 'Policies', 'Guests', 'Outputs', 'GuardRestarts', 'PolicyHash'
        $lines -join "`n" | Should -MatchExactly 'Policies +: leaves: Enforce, \*, [0-9a-f]{8}'
        $lines -join "`n" | Should -MatchExactly 'Guests +: web01 \(1\): \d+ events, \d+ held, \d+ lost'
        $lines -join "`n" | Should -MatchExactly 'Outputs +: events: \d+ sent, \d+ wait, \d+ lost'
        (Get-Line $agent.Guests)[0] | Should -MatchExactly '^Domain +DomainId Since +Events Held +Lost Policies$'
        (Get-Line $agent.Policies)[0] | Should -MatchExactly '^Name +Mode +Domains +Sha256 +Path$'
        (Get-Line $agent.Outputs)[0] | Should -MatchExactly '^Name +Published +Waiting +Lag +Lost +SpoolKiB Problem$'
    }

    It 'nothing is the name of a type where it becomes text' {
        foreach ($one in @(Get-XenVmEventHost $fleet.Redis) + @(Get-XenMonitorAgent $fleet.Agent)) {
            $text = @("$one") + ($one | ConvertTo-Csv) + ($one | Format-List * | Out-String)
            $text -join "`n" | Should -Not -Match '`\d|\[\]|XenVmEvent\.|System\.'
        }
    }
}
