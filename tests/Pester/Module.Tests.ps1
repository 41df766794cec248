BeforeDiscovery {
    $cmdlets = (Get-Module XenVmEvent).ExportedCmdlets.Values
}

BeforeAll {
    . $PSScriptRoot/PowerShellCommand.ps1
    $module = Get-Module XenVmEvent
    $folder = $module.ModuleBase
}

Describe 'The module' {
    It 'has a valid manifest' {
        $manifest = Test-ModuleManifest (Join-Path $folder 'XenVmEvent.psd1') -ErrorAction Stop
        $manifest.Version | Should -Be $module.Version
        $manifest.PowerShellVersion | Should -Be '7.6'
        $manifest.CompatiblePSEditions | Should -Be 'Core'
        $manifest.Description | Should -Not -BeNullOrEmpty
        $manifest.LicenseUri | Should -Not -BeNullOrEmpty
        $manifest.ReleaseNotes | Should -Not -BeNullOrEmpty
        $manifest.Tags | Should -Contain 'Xen'
    }

    It 'lies in a folder of its name and version' {
        Split-Path $folder -Leaf | Should -Be $module.Version
        Split-Path (Split-Path $folder) -Leaf | Should -Be 'XenVmEvent'
    }

    It 'holds native code in <_>' -ForEach 'XenVmEvent.PS.dll', 'XenVmEvent.Engine.dll', 'XenVmEvent.Simulation.dll', 'lib/XenVmEvent.Disassembly.dll', 'lib/Iced.dll', 'lib/XenVmEvent.Agent.dll', 'lib/StackExchange.Redis.dll' -Skip:(-not ($IsLinux -and [Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture -eq 'X64')) {
        $stream = [IO.File]::OpenRead((Join-Path $folder $_))
        try {
            $headers = [Reflection.PortableExecutable.PEHeaders]::new($stream)
            $headers.CorHeader.ManagedNativeHeaderDirectory.Size | Should -BeGreaterThan 0
        }
        finally {
            $stream.Dispose()
        }
    }

    It 'has beside its own assemblies none that another module might bring along, too' {
        (Get-ChildItem $folder -Filter *.dll).Name | Sort-Object | Should -Be 'XenVmEvent.Engine.dll', 'XenVmEvent.PS.dll', 'XenVmEvent.Simulation.dll'
    }

    It 'loads what only some cmdlets need when one of these is used, and not before' {
        $script = @"
            Import-Module '$folder/XenVmEvent.psd1'
            `$null = Get-Command -Module XenVmEvent
            `$null = TabExpansion2 'Receive-XenVmEvent -' 20
            Connect-XenHost -Simulated
            `$null = Watch-XenVmEvent web01 -Event Cpuid -First 1 | Measure-XenVmEvent
            function Get-Own { [AppDomain]::CurrentDomain.GetAssemblies().ForEach{ `$_.GetName().Name } | Where-Object { `$_ -in 'XenVmEvent.Agent', 'StackExchange.Redis' } }
            "before: `$(Get-Own)"
            try { Get-XenMonitorAgent /none.sock -ErrorAction Stop } catch { `$_.FullyQualifiedErrorId }
            "after: `$(Get-Own)"
"@
        $command = @(Get-PowerShellCommand)
        $first = @($command | Select-Object -Skip 1)
        & $command[0] @first -NoProfile -NonInteractive -Command $script | Should -Be 'before: ', 'AgentNotAvailable,XenVmEvent.PS.GetXenMonitorAgentCommand', 'after: XenVmEvent.Agent'
    }

    It 'brings its license' {
        Join-Path $folder 'LICENSE' | Should -Exist
    }

    It 'exports its cmdlets, the name that one had before, and nothing else' {
        $module.ExportedCmdlets.Keys | Sort-Object | Should -Be @(
            'Connect-XenHost', 'Disable-XenMonitor', 'Enable-XenMonitor', 'Export-XenVmEvent', 'Export-XenVmEventReport', 'Get-XenDomain', 'Get-XenMemAccess',
            'Get-XenMemoryView', 'Get-XenMonitor', 'Get-XenMonitorAgent', 'Get-XenVmEventHost', 'Get-XenVmEventPolicy', 'Import-XenVmEvent', 'Measure-XenVmEvent', 'New-XenMemoryView',
            'Read-XenMemory', 'Receive-XenVmEvent', 'Register-XenVmEvent',
            'Remove-XenMemoryView', 'Remove-XenVmEventPolicy',
            'Reset-XenMonitor', 'Set-XenMemAccess', 'Set-XenVmEventPolicy', 'Set-XenVmEventResponse', 'Switch-XenMemoryView', 'Test-XenMonitor',
            'Test-XenVmEventPolicy', 'Watch-XenMemAccess', 'Watch-XenVmEvent')
        $module.ExportedAliases.Keys | Should -Be 'ConvertTo-XenVmEventReport'
        $module.ExportedFunctions.Count + $module.ExportedVariables.Count | Should -Be 0
        (Get-Command ConvertTo-XenVmEventReport).ResolvedCommandName | Should -Be 'Export-XenVmEventReport'
    }

    It 'exports every cmdlet that its assembly has' {
        $all = (Get-Command Connect-XenHost).ImplementingType.Assembly.GetExportedTypes() |
            ForEach-Object { $_.GetCustomAttributes([Management.Automation.CmdletAttribute], $false) } |
            ForEach-Object { "$($_.VerbName)-$($_.NounName)" }
        $all | Sort-Object | Should -Be ($module.ExportedCmdlets.Keys | Sort-Object)
    }

    It 'has format and type files that load' {
        $module.ExportedFormatFiles.Count | Should -Be 1
        $module.ExportedTypeFiles.Count | Should -Be 1
    }

    It 'passes PSScriptAnalyzer: <_>' -ForEach @(
        'XenVmEvent.psd1', 'build.ps1', 'bench/pipeline.ps1', 'docs/Export-Help.ps1', 'src/XenVmEvent.PS/New-Package.ps1',
        'tests/Pester/Invoke-Tests.ps1', 'tests/Pester/SimulatedHost.ps1'
    ) {
        if (-not (Get-Module PSScriptAnalyzer -ListAvailable)) {
            Set-ItResult -Skipped -Because 'PSScriptAnalyzer is not installed: Install-PSResource PSScriptAnalyzer'
        }
        $path = if ($_ -like '*.psd1') { "$folder/$_" } else { "$PSScriptRoot/../../$_" }
        Invoke-ScriptAnalyzer -Path $path | ForEach-Object { "$($_.ScriptName):$($_.Line) $($_.RuleName): $($_.Message)" } | Should -BeNullOrEmpty
    }
}

Describe 'The cmdlet <_.Name>' -ForEach $cmdlets {
    BeforeAll { $cmdlet = $_ }

    It 'has an approved verb' {
        (Get-Verb).Verb | Should -Contain $cmdlet.Verb
    }

    It 'has a singular noun with the prefix Xen' {
        $cmdlet.Noun | Should -MatchExactly '^Xen(\w*[^s]|MemAccess)$'
    }

    It 'names its output' {
        $cmdlet.OutputType | Should -Not -BeNullOrEmpty
    }

    It 'supports -WhatIf and -Confirm where, and only where, it changes a guest or a file' {
        $cmdlet.Parameters.ContainsKey('WhatIf') | Should -Be ($cmdlet.Name -in @(
            'Enable-XenMonitor', 'Disable-XenMonitor', 'Export-XenVmEvent', 'Export-XenVmEventReport', 'New-XenMemoryView', 'Register-XenVmEvent', 'Remove-XenMemoryView', 'Remove-XenVmEventPolicy', 'Reset-XenMonitor',
            'Set-XenMemAccess', 'Set-XenVmEventPolicy', 'Set-XenVmEventResponse', 'Switch-XenMemoryView', 'Watch-XenMemAccess', 'Watch-XenVmEvent'))
    }

    It 'takes -Domain by position, by pipeline and by property name' {
        # What was received is of guests that are not here.
        if (-not $cmdlet.Parameters.ContainsKey('Domain') -or $cmdlet.Name -eq 'Receive-XenVmEvent') { return }
        foreach ($set in $cmdlet.Parameters.Domain.ParameterSets.Values) {
            $set.Position | Should -Be 0
            if ($cmdlet.Noun -eq 'XenVmEventResponse') { continue }
            $set.ValueFromPipeline | Should -BeTrue
            $set.ValueFromPipelineByPropertyName | Should -BeTrue
        }
    }

    It 'declares a type for every parameter, none of them object' {
        $common = [Management.Automation.Cmdlet]::CommonParameters
        $own = $cmdlet.Parameters.Values | Where-Object Name -NotIn $common
        $own | Where-Object ParameterType -EQ ([object]) | Should -BeNullOrEmpty
    }
}
