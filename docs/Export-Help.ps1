<#
.SYNOPSIS
Makes the help files that Get-Help reads from the pages in this folder: of cmdlets/*.md one file of MAML, of each
about_*.md one of text.

.DESCRIPTION
PlatyPS reads the pages and writes the MAML. What it leaves out is completed here: examples as code and remarks, default
values, text without Markdown's marks.
#>
[CmdletBinding()]
param(
    # The folder for the help files, such as en-US.
    [Parameter(Mandatory)]
    [string] $Destination
)

$ErrorActionPreference = 'Stop'
Import-Module Microsoft.PowerShell.PlatyPS -MinimumVersion 1.0

# Returns the paragraphs, list items and code blocks of a Markdown text, and says which are code.
function Split-Markdown([string] $Text) {
    foreach ($block in [regex]::Matches($Text, '(?ms)^```\w*\n(?<Code>.*?)\n```$|(?<Text>(?:^(?!```)[^\n]*\S[^\n]*(?:\n|\z))+)')) {
        if ($block.Groups['Code'].Success) {
            [pscustomobject]@{ IsCode = $true; IsItem = $false; Text = $block.Groups['Code'].Value }
            continue
        }
        foreach ($part in $block.Value.Trim() -split '\n(?=- )') {
            $plain = $part -replace '^- ', '* ' -replace '\s*\n\s*', ' ' -replace '\[([^\]]+)\]\([^)]*\)', '$1' -replace '`([^`]+)`', '$1' -replace '\*\*([^*]+)\*\*', '$1'
            [pscustomobject]@{ IsCode = $false; IsItem = $plain.StartsWith('* '); Text = $plain }
        }
    }
}

# Returns the lines as they are shown, each paragraph in one line. Get-Help breaks long lines itself.
function ConvertTo-HelpText([string] $Markdown, [string] $CodeIndent = '') {
    $before = $null
    $lines = foreach ($block in Split-Markdown $Markdown) {
        if ($before -and -not ($before.IsItem -and $block.IsItem)) { '' }
        $block.IsCode ? ($block.Text -replace '(?m)^', $CodeIndent) : $block.Text
        $before = $block
    }
    $lines -join "`n"
}

function Export-CmdletHelp {
    $pages = Get-ChildItem "$PSScriptRoot/cmdlets/*.md" | Import-MarkdownCommandHelp
    $temporary = New-Item -ItemType Directory -Path (Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName()))
    try {
        $file = $pages | Export-MamlCommandHelp -OutputFolder $temporary
        $maml = [xml]::new()
        $maml.Load($file.FullName)
        foreach ($page in $pages) { Complete-Command $maml $page }
        $maml.Save((Join-Path $Destination $file.Name))
    }
    finally {
        Remove-Item $temporary -Recurse
    }
}

# Adds to a command's MAML what PlatyPS leaves out.
function Complete-Command([xml] $Maml, [object] $Page) {
    $names = [Xml.XmlNamespaceManager]::new($Maml.NameTable)
    foreach ($prefix in 'maml', 'command', 'dev') { $names.AddNamespace($prefix, $Maml.DocumentElement.GetNamespaceOfPrefix($prefix)) }
    $command = $Maml.SelectSingleNode("//command:command[command:details/command:name='$($Page.Title)']", $names)

    foreach ($paragraph in $command.SelectNodes('.//maml:para', $names)) { $paragraph.InnerText = ConvertTo-HelpText $paragraph.InnerText }
    foreach ($type in $command.SelectNodes('.//command:parameterValue', $names)) { $type.InnerText = $type.InnerText -replace '^(\w+\.)+' }
    foreach ($link in $command.SelectNodes('.//maml:navigationLink[maml:linkText="Online Version"]', $names)) { [void] $link.ParentNode.RemoveChild($link) }
    foreach ($uri in $command.SelectNodes('.//maml:navigationLink/maml:uri', $names)) { $uri.InnerText = '' }

    $examples = $command.SelectNodes('.//command:example', $names)
    foreach ($i in 0..($examples.Count - 1)) {
        $code, $remarks = Split-Example $Page.Examples[$i].Remarks
        $examples[$i].SelectSingleNode('maml:introduction', $names).InnerText = ''
        $examples[$i].SelectSingleNode('dev:code', $names).InnerText = $code
        $paragraph = $Maml.CreateElement('maml', 'para', $names.LookupNamespace('maml'))
        $paragraph.InnerText = ConvertTo-HelpText $remarks
        [void] $examples[$i].SelectSingleNode('dev:remarks', $names).AppendChild($paragraph)
    }

    foreach ($parameter in $Page.Parameters | Where-Object DefaultValue) {
        $found = $command.SelectSingleNode("command:parameters/command:parameter[maml:name='$($parameter.Name)']", $names)
        $default = $Maml.CreateElement('dev', 'defaultValue', $names.LookupNamespace('dev'))
        $default.InnerText = $parameter.DefaultValue
        [void] $found.AppendChild($default)
    }
}

# Returns an example's code and the text after it.
function Split-Example([string] $Text) {
    $block = [regex]::Match($Text, '(?ms)^```powershell\n(.*?)\n```$')
    $block.Groups[1].Value
    $Text.Remove($block.Index, $block.Length).Trim()
}

# Returns a topic as plain text of 80 columns, with headings in capitals and the rest indented.
function Export-Topic([IO.FileInfo] $Page) {
    $lines = foreach ($section in [regex]::Split((Get-Content $Page -Raw), '(?m)^(?=#+ )') | Where-Object { $_ }) {
        $heading, $body = $section -split '\n', 2
        $level, $title = $heading -split ' ', 2
        switch ($level) {
            '#' { 'TOPIC'; "    $title" }
            '##' { $title.ToUpperInvariant() }
            '###' { "  $title" }
        }
        foreach ($line in (ConvertTo-HelpText $body -CodeIndent '    ') -split '\n' | Where-Object { $_ -or $level -ne '#' }) { Format-Line $line }
        ''
    }
    Set-Content (Join-Path $Destination "$($Page.BaseName).help.txt") $lines
}

# Indents a line, and breaks it between words if it is too long.
function Format-Line([string] $Line) {
    $hanging = $Line.StartsWith('* ') ? '      ' : '    '
    $current = '   '
    if ($Line -match '^    ') { return "    $Line" }
    foreach ($word in $Line -split ' ') {
        if ($current.Length + 1 + $word.Length -gt 80) {
            $current
            $current = $hanging + $word
        }
        else {
            $current = "$current $word"
        }
    }
    $current.TrimEnd()
}

$Destination = New-Item $Destination -ItemType Directory -Force
Export-CmdletHelp
Get-ChildItem "$PSScriptRoot/about_*.md" | ForEach-Object { Export-Topic $_ }
