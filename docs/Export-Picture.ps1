<#
.SYNOPSIS
Makes the README's picture, docs/report.png: the head of a report of the simulated host. Needs chromium.
#>
$ErrorActionPreference = 'Stop'
Import-Module (Get-Item "$PSScriptRoot/../out/XenVmEvent/*/XenVmEvent.psd1").FullName
$folder = New-Item -ItemType Directory (Join-Path ([IO.Path]::GetTempPath()) ([guid]::NewGuid()))
try {
    Connect-XenHost -Simulated
    Watch-XenVmEvent web01 -Event Cpuid, WriteControlRegister, SoftwareBreakpoint -Duration 3 | Export-XenVmEvent "$folder/registers.jsonl"
    Watch-XenMemAccess web01 -Access Write -Repeat -Duration 5 | Export-XenVmEvent "$folder/pages.jsonl"
    Export-XenVmEventReport "$folder/report.html" -RecordingPath "$folder/registers.jsonl", "$folder/pages.jsonl" -Title web01
    chromium --headless --no-sandbox --hide-scrollbars '--window-size=1000,900' "--screenshot=$PSScriptRoot/report.png" "file://$folder/report.html" 2> $null
} finally {
    Remove-Item -Recurse $folder
}
