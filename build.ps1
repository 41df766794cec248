<#
.SYNOPSIS
Builds the importable module into out/XenVmEvent/<version>/, tests everything that needs no Xen, makes the help files, or
packs the module.
#>
[CmdletBinding()]
param(
    # Build: the module. Test: the module, then dotnet test and the Pester suite. Docs: en-US/, of the pages in docs/.
    # Pack: out/XenVmEvent.<version>.nupkg, for Install-PSResource, with the command line xenvmevent in it.
    [ValidateSet('Build', 'Test', 'Docs', 'Pack')]
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

if ($Task -eq 'Pack') {
    $version = (Import-PowerShellDataFile "$PSScriptRoot/XenVmEvent.psd1").ModuleVersion
    $folder = "$PSScriptRoot/out/XenVmEvent/$version"
    dotnet publish "$PSScriptRoot/src/XenVmEvent.Cli" --configuration Release --runtime linux-x64 --output "$PSScriptRoot/out/publish" --nologo --verbosity quiet
    & "$PSScriptRoot/src/XenVmEvent.PS/New-Package.ps1" -Module $folder -Program "$PSScriptRoot/out/publish/xenvmevent" -Destination "$PSScriptRoot/out"
}
