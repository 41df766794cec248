<#
.SYNOPSIS
Packs a built module and the command line into a NuGet package that Install-PSResource takes from a folder.

.OUTPUTS
The package's file.
#>
[CmdletBinding(SupportsShouldProcess)]
[OutputType([IO.FileInfo])]
param(
    # The folder of the built module.
    [Parameter(Mandatory)]
    [string] $Module,

    # The published command line, xenvmevent.
    [Parameter(Mandatory)]
    [string] $Program,

    # The folder for the package.
    [Parameter(Mandatory)]
    [string] $Destination
)

$ErrorActionPreference = 'Stop'

# The package has the manifest's metadata.
function Get-Nuspec([hashtable] $Manifest) {
    $about = $Manifest.PrivateData.PSData
    $tags = @($about.Tags) + 'PSModule' + 'PSIncludes_Cmdlet' + $Manifest.CmdletsToExport.ForEach({ "PSCmdlet_$_"; "PSCommand_$_" })
    $texts = [ordered]@{
        id                       = 'XenVmEvent'
        version                  = $Manifest.ModuleVersion
        authors                  = $Manifest.Author
        requireLicenseAcceptance = 'false'
        licenseUrl               = $about.LicenseUri
        projectUrl               = $about.ProjectUri
        description              = $Manifest.Description
        releaseNotes             = $about.ReleaseNotes
        copyright                = $Manifest.Copyright
        tags                     = $tags -join ' '
    }
    $elements = $texts.GetEnumerator() | Where-Object Value | ForEach-Object { "<$($_.Key)>$([Security.SecurityElement]::Escape($_.Value))</$($_.Key)>" }
    "<package xmlns='http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd'><metadata>$elements</metadata></package>"
}

# Two parts make a zip file a package: one has the types of its files, the other names the file that describes it.
function Add-PackagePart([string] $Folder) {
    $types = Get-ChildItem $Folder -File -Recurse | ForEach-Object {
        $part = [IO.Path]::GetRelativePath($Folder, $_.FullName)
        "<Override PartName='/$part' ContentType='application/octet-stream'/>"
    }
    Set-Content -LiteralPath "$Folder/[Content_Types].xml" "<?xml version='1.0' encoding='utf-8'?><Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>$types</Types>"
    $null = New-Item "$Folder/_rels" -ItemType Directory
    Set-Content "$Folder/_rels/.rels" "<?xml version='1.0' encoding='utf-8'?><Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Type='http://schemas.microsoft.com/packaging/2010/07/manifest' Target='/XenVmEvent.nuspec' Id='manifest'/></Relationships>"
}

$manifest = Import-PowerShellDataFile "$Module/XenVmEvent.psd1"
$package = Join-Path (Resolve-Path $Destination) "XenVmEvent.$($manifest.ModuleVersion).nupkg"
if (-not $PSCmdlet.ShouldProcess($package, 'Pack the module')) { return }

$staging = New-Item -ItemType Directory -Path (Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName()))
try {
    Copy-Item "$Module/*" $staging -Recurse
    Copy-Item $Program $staging
    Set-Content "$staging/XenVmEvent.nuspec" (Get-Nuspec $manifest)
    Add-PackagePart $staging
    Remove-Item $package -ErrorAction Ignore
    # Zip files made from a folder keep the execute permissions.
    [IO.Compression.ZipFile]::CreateFromDirectory($staging, $package)
    Get-Item $package
}
finally {
    Remove-Item $staging -Recurse -Force
}
