# Measures how many microseconds the first events of this PowerShell, and those of the next watch, wait for answers.
param([string] $Module, [switch] $Held)
$ErrorActionPreference = 'Stop'
Import-Module $Module
Connect-XenHost -Simulated
$waits = foreach ($watch in 1, 2) {
    $events = if ($Held) {
        Watch-XenVmEvent web01 -Event Cpuid -Hold -First 1 | ForEach-Object { $_ | Set-XenVmEventResponse -Continue; $_ }
    } else {
        Watch-XenVmEvent web01 -Event Cpuid -First 20
    }
    ($events | ForEach-Object { $_.HandlingTime.TotalMicroseconds } | Measure-Object -Maximum).Maximum
}
@{ First = $waits[0]; Later = $waits[1] } | ConvertTo-Json -Compress
