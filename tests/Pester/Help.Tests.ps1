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
}

Describe 'The page of <_>' -ForEach $names {
    BeforeAll {
        if (-not $hasPlatyPS) { return }
        Import-Module Microsoft.PowerShell.PlatyPS
        $name = $_
        $path = "$docs/cmdlets/$name.md"
    }

    BeforeEach { Skip-WithoutPlatyPS }

    It 'is a page that PlatyPS takes' {
        Test-MarkdownCommandHelp $path | Should -BeTrue
    }

    It 'has the syntax of the cmdlet' {
        "$((Import-MarkdownCommandHelp $path).Syntax)" -replace ' \[<CommonParameters>\]' | Should -Be "$((New-CommandHelp (Get-Command $name)).Syntax)"
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
