<#
.SYNOPSIS
Builds the importable module into out/XenVmEvent/<version>/, or tests everything that needs no Xen.
#>
[CmdletBinding()]
param(
    # Build: the module. Test: the module, then dotnet test and the Pester suite.
    [ValidateSet('Build', 'Test')]
    [string] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release',

    # For Test: the Pester to use, as in 5.x or 6.x; the newest installed when left out.
    [string] $PesterVersion = ''
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true

dotnet build "$PSScriptRoot/src/XenVmEvent.PS" --configuration $Configuration --nologo --verbosity quiet

if ($Task -eq 'Test') {
    dotnet test "$PSScriptRoot/XenVmEvent.slnx" --configuration $Configuration --nologo
    # In a process of its own: it imports the module, whose assembly would stay loaded in this one.
    pwsh -NoProfile -File "$PSScriptRoot/tests/Pester/Invoke-Tests.ps1" -PesterVersion $PesterVersion
}
