# Packs the module under test with the published command line, installs the package and uses it.
Describe 'The package' {
    BeforeAll {
        . $PSScriptRoot/PowerShellCommand.ps1
        $root = Resolve-Path "$PSScriptRoot/../.."
        $isPublished = Test-Path "$root/out/publish/xenvmevent"
        if (-not $isPublished) { return }
        $module = Get-Module XenVmEvent
        $feed = New-Item "$TestDrive/feed" -ItemType Directory
        $modules = New-Item "$TestDrive/modules" -ItemType Directory
        $package = & "$root/src/XenVmEvent.PS/New-Package.ps1" -Module $module.ModuleBase -Program "$root/out/publish/xenvmevent" -Destination $feed
        $installed = "$modules/XenVmEvent/$($module.Version)"

        if (Get-Module Microsoft.PowerShell.PSResourceGet -ListAvailable) {
            Register-PSResourceRepository XenVmEventTest -Uri $feed -Trusted
            try {
                Save-PSResource XenVmEvent -Repository XenVmEventTest -Path $modules
            }
            finally {
                Unregister-PSResourceRepository XenVmEventTest
            }
        }
        else {
            [IO.Compression.ZipFile]::ExtractToDirectory($package, $installed)
        }

        # In a PowerShell of its own, which finds modules there only.
        function Invoke-Installed([string] $Script) {
            $program, $first = @(Get-PowerShellCommand)
            & $program $first -NoProfile -NonInteractive -Command "`$env:PSModulePath = '$modules'; $Script"
        }
    }

    BeforeEach {
        if (-not $isPublished) { Set-ItResult -Skipped -Because 'the command line is not published; ./build.ps1 -Task Pack does' }
    }

    It 'has the name and the description of the manifest' {
        $package.Name | Should -BeExactly "XenVmEvent.$($module.Version).nupkg"
        $zip = [IO.Compression.ZipFile]::OpenRead($package)
        $reader = [IO.StreamReader]::new($zip.GetEntry('XenVmEvent.nuspec').Open())
        $nuspec = [xml] $reader.ReadToEnd()
        $reader.Dispose()
        $zip.Entries.FullName | Should -Contain '[Content_Types].xml'
        $zip.Entries.FullName | Should -Contain '_rels/.rels'
        $zip.Dispose()
        $nuspec.package.metadata.id | Should -BeExactly 'XenVmEvent'
        $nuspec.package.metadata.version | Should -Be "$($module.Version)"
        $nuspec.package.metadata.description | Should -BeExactly $module.Description
        $nuspec.package.metadata.tags | Should -Match '\bPSModule\b.*\bPSCmdlet_Watch-XenVmEvent\b'
    }

    It 'brings everything that the module has' {
        $files = Get-ChildItem $module.ModuleBase -File -Recurse | ForEach-Object { [IO.Path]::GetRelativePath($module.ModuleBase, $_.FullName) }
        foreach ($file in $files) {
            (Get-FileHash "$installed/$file").Hash | Should -Be (Get-FileHash "$($module.ModuleBase)/$file").Hash -Because $file
        }
    }

    It 'is found and works by name' {
        $seen = Invoke-Installed 'Connect-XenHost -Simulated; (Watch-XenVmEvent web01 -Event Cpuid -First 3).Kind; (Get-Module XenVmEvent).ModuleBase'
        $seen | Should -Be 'Cpuid', 'Cpuid', 'Cpuid', (Resolve-Path $installed).ProviderPath
    }

    It 'brings its help' {
        Invoke-Installed '(Get-Help Watch-XenVmEvent).Synopsis' | Should -BeExactly (Get-Help Watch-XenVmEvent).Synopsis
    }

    It 'brings the command line, which runs' {
        "$(& "$installed/xenvmevent" --help)" | Should -Match 'xenvmevent <domain> <mode>|Usage'
        $LASTEXITCODE | Should -Be 0
    }

    It 'brings the guard where the module looks for it' {
        Invoke-Installed '$null = Get-XenMonitor; (Get-Command Connect-XenHost).ImplementingType.Assembly.GetType("XenVmEvent.PS.GuardProgram").GetMethod("Find", [type[]]@()).Invoke($null, @())' |
            Should -Be "$installed/xenvmevent"
    }
}
