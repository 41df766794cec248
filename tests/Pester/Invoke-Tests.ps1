<#
.SYNOPSIS
Runs the Pester suite on the built module. Its last line is 'N passed, N failed, N skipped'.
.EXAMPLE
dotnet pwsh tests/Pester/Invoke-Tests.ps1 -Path Get-XenDomain.Tests.ps1
#>
[CmdletBinding()]
param(
    # The test files to run, of this folder; all when left out.
    [string[]] $Path = '*.Tests.ps1',

    # Leaves out the tests of documents and their examples, which do not depend on Pester's version.
    [switch] $SkipDocuments,

    # The Pester to use, as in 5.x, 6.x or 5.9.1; the newest when left out. It is looked for among the installed modules,
    # and among the packages that building tests/Pester restores.
    [string] $PesterVersion = '*',

    # Or the manifest of the Pester to use.
    [string] $PesterPath = '',

    # The module's manifest; the one in out/ of the version in XenVmEvent.psd1 when left out.
    [string] $ModulePath = '',

    # A file to write the outcome of each test to, as JSON.
    [string] $ResultPath = ''
)

$ErrorActionPreference = 'Stop'
if (-not $ModulePath) {
    $root = Resolve-Path "$PSScriptRoot/../.."
    $version = (Import-PowerShellDataFile "$root/XenVmEvent.psd1").ModuleVersion
    $ModulePath = "$root/out/XenVmEvent/$version/XenVmEvent.psd1"
}

if (-not $PesterPath) {
    $packages = $env:NUGET_PACKAGES ? $env:NUGET_PACKAGES : "$HOME/.nuget/packages"
    $found = @(Get-Module Pester -ListAvailable) + @(Get-Item "$packages/pester/*/tools/Pester.psd1" | Test-ModuleManifest) |
        Where-Object { $_.Version -ge '5.0' -and $_.Version -like ($PesterVersion -replace 'x$', '*') } |
        Sort-Object Version -Descending | Select-Object -First 1
    if (-not $found) { throw "There is no Pester $PesterVersion here. 'dotnet build tests/Pester' restores one." }
    $PesterPath = $found.Path
}

Import-Module $PesterPath
Import-Module $ModulePath
Write-Information "Pester $((Get-Module Pester).Version), $ModulePath" -InformationAction Continue

# The tests shall see errors as at a prompt.
$ErrorActionPreference = 'Continue'
$result = Invoke-Pester -Configuration @{
    Run    = @{
        Path        = @($Path | ForEach-Object { Join-Path $PSScriptRoot $_ })
        ExcludePath = @($SkipDocuments ? ('Cookbook', 'Docs', 'Examples', 'Help' | ForEach-Object { Join-Path $PSScriptRoot "$_.Tests.ps1" }) : @())
        PassThru    = $true
    }
    Output = @{ Verbosity = 'Normal' }
}

# A file that does not load, or a block whose set-up fails, is a failure too.
$failed = [int] $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
if ($ResultPath) {
    $tests = foreach ($test in $result.Tests) {
        $file = $test.Block.BlockContainer.Item.Name -replace '\.Tests\.ps1$'
        @{ Name = "${file}: $($test.ExpandedPath)"; Outcome = $test.Result; Message = "$($test.ErrorRecord)" -replace '^is skipped, because ' }
    }
    $blocks = foreach ($block in $result.FailedBlocks) {
        @{ Name = "$($block.BlockContainer.Item.Name -replace '\.Tests\.ps1$'): $($block.ExpandedPath)"; Outcome = 'Failed'; Message = "$($block.ErrorRecord)" }
    }
    $files = foreach ($container in $result.FailedContainers) { @{ Name = "$($container.Item.Name)"; Outcome = 'Failed'; Message = "$($container.ErrorRecord)" } }
    ConvertTo-Json @($tests; $blocks; $files) | Set-Content $ResultPath
}

"$([int] $result.PassedCount) passed, $failed failed, $([int] $result.SkippedCount) skipped"
exit ($failed -eq 0 -and $result.PassedCount -gt 0 ? 0 : 1)
