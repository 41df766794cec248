<#
.SYNOPSIS
Builds the importable module into out/XenVmEvent/<version>/, tests everything that needs no Xen, makes the help files, or
makes the packages. Without PowerShell: dotnet tool restore, then dotnet pwsh ./build.ps1.
#>
[CmdletBinding()]
param(
    # Build: the module. Test: all tests that need no Xen, as dotnet test does. Docs: en-US/ from the pages in docs/.
    # Pack: out/XenVmEvent.<version>.nupkg, for Install-PSResource, with the command line xenvmevent in it; and of the
    # command line with its agent a .deb, where there is dpkg-deb, and an .rpm, where there is rpmbuild.
    [ValidateSet('Build', 'Test', 'Docs', 'Pack')]
    [string] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release'
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true

if ($Task -eq 'Docs') {
    & "$PSScriptRoot/docs/Export-Help.ps1" -Destination "$PSScriptRoot/en-US"
    return
}

if ($Task -eq 'Test') {
    dotnet test --solution "$PSScriptRoot/XenVmEvent.slnx" --configuration $Configuration
    return
}

dotnet build "$PSScriptRoot/src/XenVmEvent.PS" --configuration $Configuration --nologo --verbosity quiet

if ($Task -eq 'Pack') {
    $version = (Import-PowerShellDataFile "$PSScriptRoot/XenVmEvent.psd1").ModuleVersion
    $folder = "$PSScriptRoot/out/XenVmEvent/$version"
    dotnet publish "$PSScriptRoot/src/XenVmEvent.Cli" --configuration Release --runtime linux-x64 --output "$PSScriptRoot/out/publish" --nologo --verbosity quiet
    & "$PSScriptRoot/src/XenVmEvent.PS/New-Package.ps1" -Module $folder -Program "$PSScriptRoot/out/publish/xenvmevent" -Destination "$PSScriptRoot/out"
    if (Get-Command dpkg-deb -ErrorAction Ignore) { Get-Item (& "$PSScriptRoot/packaging/make-deb") }
    if (Get-Command rpmbuild -ErrorAction Ignore) { Get-Item (& "$PSScriptRoot/packaging/make-rpm") }
}
