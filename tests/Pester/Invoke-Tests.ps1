<#
.SYNOPSIS
Runs the Pester suite on the built module. Its last line is 'N passed, N failed, N skipped'.
#>
[CmdletBinding()]
param(
    # The Pester to use, as in 5.x, 6.x or 5.9.1; the newest installed when left out.
    [string] $PesterVersion = '',

    # The module's manifest; the one in out/ of the version in XenVmEvent.psd1 when left out.
    [string] $ModulePath = ''
)

$ErrorActionPreference = 'Stop'
if (-not $ModulePath) {
    $root = Resolve-Path "$PSScriptRoot/../.."
    $version = (Import-PowerShellDataFile "$root/XenVmEvent.psd1").ModuleVersion
    $ModulePath = "$root/out/XenVmEvent/$version/XenVmEvent.psd1"
}

$pattern = $PesterVersion ? ($PesterVersion -replace 'x$', '*') : '*'
$pester = Get-Module Pester -ListAvailable | Where-Object { $_.Version -ge '5.0' -and $_.Version -like $pattern } |
    Sort-Object Version -Descending | Select-Object -First 1
if (-not $pester) { throw "Pester $PesterVersion is not installed: Install-PSResource Pester" }
Import-Module $pester.Path
Import-Module $ModulePath
Write-Information "Pester $($pester.Version), $ModulePath" -InformationAction Continue

# The tests shall see errors as at a prompt.
$ErrorActionPreference = 'Continue'
$result = Invoke-Pester -Configuration @{
    Run    = @{ Path = $PSScriptRoot; PassThru = $true }
    Output = @{ Verbosity = 'Normal' }
}
# A file that does not load, or a block whose set-up fails, is a failure too.
$failed = [int] $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
"$([int] $result.PassedCount) passed, $failed failed, $([int] $result.SkippedCount) skipped"
exit ($failed -eq 0 -and $result.PassedCount -gt 0 ? 0 : 1)
