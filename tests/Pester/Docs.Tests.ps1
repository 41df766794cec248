# What readers follow in the documents: links lead somewhere, commands and parameters exist, and the README stays short.
BeforeDiscovery {
    $root = (Resolve-Path "$PSScriptRoot/../..").Path
    $documents = Get-Item "$root/*.md", "$root/docs/*.md", "$root/docs/cmdlets/*.md", "$root/bench/*.md", "$root/tests/*/README.md" |
        ForEach-Object { @{ Name = [IO.Path]::GetRelativePath($root, $_.FullName); File = $_.FullName } }
}

BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1

    # The anchor that a heading gets on a page: GitHub's rule.
    function Get-Anchor([string] $File) {
        (Select-String -Path $File -Pattern '^#+ (.+)$').ForEach{
            $_.Matches[0].Groups[1].Value.ToLowerInvariant() -replace '[^\w\- ]' -replace ' ', '-'
        }
    }
}

Describe 'Documents' {
    It 'has only links that lead somewhere: <Name>' -ForEach $documents {
        $dead = foreach ($link in [regex]::Matches((Get-Content $File -Raw), '\]\((?<Path>[^)#\s]*)(#(?<Anchor>[^)\s]+))?\)')) {
            $path = $link.Groups['Path'].Value
            if ($path -match '^\w+:') { continue }
            $target = if ($path) { Join-Path (Split-Path $File) $path } else { $File }
            $anchor = $link.Groups['Anchor'].Value
            if (-not (Test-Path $target) -or ($anchor -and (Get-Anchor $target) -notcontains $anchor)) { $link.Value }
        }
        $dead | Should -BeNullOrEmpty
    }

    It 'names only cmdlets and parameters that exist: <Name>' -ForEach $documents.Where{ $_.Name -ne 'CHANGELOG.md' } {
        $wrong = foreach ($block in [regex]::Matches((Get-Content $File -Raw), '(?ms)^```powershell\n(?<Code>.*?)\n```$')) {
            $problems = $null
            $ast = [Management.Automation.Language.Parser]::ParseInput($block.Groups['Code'].Value, [ref] $null, [ref] $problems)
            $problems.ForEach{ $_.Message }
            foreach ($call in $ast.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)) {
                $name = $call.GetCommandName()
                if ($name -notmatch '-Xen') { continue }
                $command = Get-Command $name -ErrorAction Ignore
                if (-not $command) { $name; continue }
                foreach ($parameter in $call.CommandElements.Where{ $_ -is [Management.Automation.Language.CommandParameterAst] }) {
                    $known = @($command.Parameters.Keys) + @($command.Parameters.Values.Aliases)
                    if (-not ($known -like "$($parameter.ParameterName)*")) { "$name -$($parameter.ParameterName)" }
                }
            }
        }
        $wrong | Should -BeNullOrEmpty
    }

    It 'keeps the README under 800 words' {
        ((Get-Content "$PSScriptRoot/../../README.md" -Raw) -split '\s+').Where{ $_ }.Count | Should -BeLessOrEqual 800
    }
}
