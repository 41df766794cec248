<#
.SYNOPSIS
Builds the importable module into out/XenVmEvent/<version>/, tests everything that needs no Xen, or makes the help files.
#>
[CmdletBinding()]
param(
    # Build: the module. Test: the module, then dotnet test and the Pester suite. Docs: en-US/, of the pages in docs/.
    [ValidateSet('Build', 'Test', 'Docs')]
    [string] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release',

    # For Test: the Pester to use, as in 5.x or 6.x; the newest installed when left out.
    [string] $PesterVersion = ''
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true

if ($Task -eq 'Docs') {
    & "$PSScriptRoot/docs/Export-Help.ps1" -Destination "$PSScriptRoot/en-US"
    return
}

dotnet build "$PSScriptRoot/src/XenVmEvent.PS" --configuration $Configuration --nologo --verbosity quiet

if ($Task -eq 'Test') {
    dotnet test "$PSScriptRoot/XenVmEvent.slnx" --configuration $Configuration --nologo
    # In a process of its own: it imports the module, whose assembly would stay loaded in this one.
    pwsh -NoProfile -File "$PSScriptRoot/tests/Pester/Invoke-Tests.ps1" -PesterVersion $PesterVersion
}
