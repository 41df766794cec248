BeforeDiscovery {
    $names = (Get-Module XenVmEvent).ExportedCmdlets.Keys
    $topics = (Get-ChildItem "$PSScriptRoot/../../docs/about_*.md").BaseName
}

BeforeAll {
    $docs = "$PSScriptRoot/../../docs"
    $hasPlatyPS = [bool] (Get-Module Microsoft.PowerShell.PlatyPS -ListAvailable)
    function Skip-WithoutPlatyPS {
        if (-not $hasPlatyPS) { Set-ItResult -Skipped -Because 'PlatyPS is not installed: Install-PSResource Microsoft.PowerShell.PlatyPS' }
    }

    $common = [Management.Automation.Cmdlet]::CommonParameters

    function Get-OwnParameter([string] $Cmdlet) {
        (Get-Command $Cmdlet).Parameters.Values | Where-Object Name -NotIn $common | Sort-Object Name
    }

    # A default as a page has it: nothing for what stands for none, and for a parameter that must be given.
    function Format-Default($Value, $Parameter) {
        if ($Parameter.SwitchParameter) { return 'False' }
        if ($Parameter.Attributes.Mandatory -contains $true) { return '' }
        if ($Value -eq [long]::MaxValue -or $Value -eq [Threading.Timeout]::InfiniteTimeSpan) { return '' }
        $Value -join ', '
    }

    function Format-Set($Name, $Position, $IsRequired, $ByValue, $ByName) {
        "in $Name at $Position, required $IsRequired, by value $ByValue, by property name $ByName"
    }

    # All that a page has to say of a parameter: of the cmdlet's own, and of the page's.
    function Get-CmdletFact($Parameter) {
        $type = $Parameter.ParameterType
        $one = $type.IsArray ? $type.GetElementType() : $type
        $accepted = $one.IsEnum ? [Enum]::GetNames($one) : ($Parameter.Attributes | Where-Object { $_ -is [ValidateSet] }).ValidValues
        "type $($type.FullName)"
        "aliases $($Parameter.Aliases | Sort-Object)"
        "accepts $accepted"
        foreach ($set in $Parameter.ParameterSets.GetEnumerator() | Sort-Object Key) {
            $position = $set.Value.Position -lt 0 ? 'Named' : $set.Value.Position
            $name = $set.Key -replace '__AllParameterSets', '(All)'
            Format-Set $name $position $set.Value.IsMandatory $set.Value.ValueFromPipeline $set.Value.ValueFromPipelineByPropertyName
        }
    }

    function Get-PageFact($Parameter) {
        "type $($Parameter.Type)"
        "aliases $($Parameter.Aliases | Sort-Object)"
        "accepts $($Parameter.AcceptedValues)"
        foreach ($set in $Parameter.ParameterSets | Sort-Object Name) {
            Format-Set $set.Name $set.Position $set.IsRequired $set.ValueFromPipeline $set.ValueFromPipelineByPropertyName
        }
    }
}

Describe 'The page of <_>' -ForEach $names {
    BeforeAll {
        if (-not $hasPlatyPS) { return }
        Import-Module Microsoft.PowerShell.PlatyPS
        $name = $_
        $path = "$docs/cmdlets/$name.md"
        $page = Import-MarkdownCommandHelp $path
        $cmdlet = Get-Command $name
    }

    BeforeEach { Skip-WithoutPlatyPS }

    It 'is a page that PlatyPS takes' {
        Test-MarkdownCommandHelp $path | Should -BeTrue
        Get-Content $path -Raw | Should -Not -Match '\{\{'
    }

    It 'has the parameters of the cmdlet' {
        $page.Parameters.Name | Sort-Object | Should -Be (Get-OwnParameter $name).Name
    }

    It 'tells of each parameter what it is' {
        foreach ($parameter in Get-OwnParameter $name) {
            $told = $page.Parameters | Where-Object Name -EQ $parameter.Name
            Get-PageFact $told | Should -Be @(Get-CmdletFact $parameter) -Because "that is -$($parameter.Name)"
            $told.Description | Should -Not -BeNullOrEmpty -Because "-$($parameter.Name) needs words"
        }
    }

    It 'tells the defaults' {
        $fresh, $other = foreach ($i in 1, 2) { [Activator]::CreateInstance($cmdlet.ImplementingType) }
        foreach ($parameter in Get-OwnParameter $name) {
            # What is another each time, as an identifier that is made, is not told.
            $value = $cmdlet.ImplementingType.GetProperty($parameter.Name) ? $fresh.($parameter.Name) : $null
            if ("$value" -ne $other.($parameter.Name)) { $value = $null }
            $told = ($page.Parameters | Where-Object Name -EQ $parameter.Name).DefaultValue
            # A zero may stand for what was not given, and is not told then.
            if (-not $told -and "$value" -in '0', 'None', '00:00:00') { continue }
            $told | Should -BeExactly (Format-Default $value $parameter) -Because "that is the default of -$($parameter.Name)"
        }
    }

    It 'has the syntax of the cmdlet' {
        "$($page.Syntax)" -replace ' \[<CommonParameters>\]' | Should -Be "$((New-CommandHelp $cmdlet).Syntax)"
    }

    It 'tells what comes out' {
        $types = $cmdlet.OutputType.Name -replace '^System.Void$', 'None'
        $page.Outputs.Typename | Should -Be $types
        foreach ($part in @($page.Outputs) + @($page.Inputs)) { $part.Description | Should -Not -BeNullOrEmpty }
    }

    It 'has links that lead somewhere' {
        foreach ($link in $page.RelatedLinks) { "$docs/cmdlets/$($link.Uri)" | Should -Exist }
    }
}

Describe 'Get-Help <_>' -ForEach $names {
    BeforeAll {
        $name = $_
        $help = Get-Help $name -Full
    }

    It 'has a synopsis and a description' {
        $help.Synopsis | Should -MatchExactly '^[A-Z].*\.$'
        $help.description.Text | Should -Not -BeNullOrEmpty
    }

    It 'has three examples, with code and words' {
        $examples = @($help.examples.example)
        $examples.Count | Should -BeGreaterOrEqual 3
        foreach ($example in $examples) {
            $example.title | Should -MatchExactly 'Example \d+: \S'
            $example.code | Should -Not -BeNullOrEmpty
            $example.remarks.Text | Should -Not -BeNullOrEmpty
        }
    }

    It 'explains every parameter' {
        foreach ($parameter in Get-OwnParameter $name) {
            (Get-Help $name -Parameter $parameter.Name).description.Text | Should -Not -BeNullOrEmpty
        }
    }

    It 'tells what comes out' {
        $help.returnValues.returnValue.type.name | Should -Not -BeNullOrEmpty
    }

    It 'has no mark of Markdown' {
        $help | Out-String -Width 200 | Should -Not -Match '`|\*\*|\]\('
    }
}

Describe 'Get-Help <_>' -ForEach $topics {
    It 'shows the topic' {
        $text = Get-Help $_
        $text | Should -MatchExactly "^TOPIC\s+$_\s"
        $text | Should -MatchExactly 'SHORT DESCRIPTION\s+\w'
    }
}

Describe 'The help files' {
    It 'are those that build.ps1 -Task Docs makes of the pages' {
        Skip-WithoutPlatyPS
        & "$docs/Export-Help.ps1" -Destination $TestDrive
        $made = Get-ChildItem $TestDrive -File
        (Get-ChildItem "$docs/../en-US").Name | Should -Be $made.Name
        foreach ($file in $made) {
            Get-Content "$docs/../en-US/$($file.Name)" -Raw | Should -BeExactly (Get-Content $file -Raw) -Because "$($file.Name) is made with build.ps1 -Task Docs"
        }
    }

    It 'are in the module' {
        $folder = "$((Get-Module XenVmEvent).ModuleBase)/en-US"
        (Get-ChildItem $folder).Name | Should -Be (Get-ChildItem "$docs/../en-US").Name
    }
}
