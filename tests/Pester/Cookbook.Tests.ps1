# Runs the cookbook as it is written, but for times: ten seconds, a minute and an hour are two seconds here.
BeforeDiscovery {
    $text = Get-Content "$PSScriptRoot/../../docs/cookbook.md" -Raw
    $recipes = foreach ($section in $text -split '(?m)^## ' | Select-Object -Skip 1) {
        $blocks = [regex]::Matches($section, '(?ms)^```powershell\n(?<Code>.*?)\n```$').ForEach{ $_.Groups['Code'].Value }
        @{ Title = ($section -split '\n')[0]; Blocks = $blocks }
    }
}

BeforeAll {
    . $PSScriptRoot/SimulatedHost.ps1

    # What a recipe's blocks wrote, warned and reported as errors, run one after the other in a shell of its own.
    function Invoke-Recipe([string[]] $Blocks) {
        $shell = Open-Shell "`$PSStyle.OutputRendering = 'PlainText'; Set-Location '$TestDrive'"
        $null = $shell.Invoke()
        try {
            $shown = foreach ($block in $Blocks) {
                $shell.Commands.Clear()
                $code = $block -replace '-Duration \d+', '-Duration 2' -replace 'Start-Sleep \d+', 'Start-Sleep 2'
                $shell.AddScript($code).AddCommand('Out-String').AddParameter('Width', 120).Invoke() -join ''
            }
            @{ Shown = $shown -join "`n"; Warnings = @($shell.Streams.Warning); Errors = @($shell.Streams.Error) }
        }
        finally { $shell.Dispose() }
    }

    Set-Content "$TestDrive/System.map" @'
ffffffff81000000 T _text
ffffffff81011000 T copy_page
ffffffff81014000 T clear_page
ffffffff81015000 T walk_tables
ffffffff82000000 D _sdata
'@

    # What each recipe is to show, and what the guest is to be like.
    $expected = @{
        'Which code writes this page' = { $ran.Shown | Should -Match 'copy_page\+0x120, mov \[rdi\], rax' }
        'Block writes to a kernel page' = {
            $ran.Shown | Should -Match '-w- gfn 0x103'
            $ran.Shown | Should -Match 'EmulateNoWrite'
        }
        'Log every CR3 switch for a minute' = {
            $ran.Shown | Should -Match '(?m)^ +\d+ 0x[89ab]000'
            "$TestDrive/cr3.jsonl.gz" | Should -Exist
        }
        'Count the CPUID leaves that a guest asks for' = { $ran.Shown | Should -Match '(?m)^ +\d+ 0x40000000' }
        'Catch a breakpoint and go on' = { $ran.Shown | Should -Match 'rip +ffffffff8101c120' }
        'Alert on changes of MSR_LSTAR and deny them' = {
            $ran.Warnings | Should -Not -BeNullOrEmpty
            "$($ran.Warnings[0])" | Should -BeLike 'web01 vCPU * wanted LSTAR to be 0x*, from 0xffffffff8101b120'
        }
        'Record, and try a policy on what was recorded' = { $ran.Shown | Should -Match 'leaf 0x' }
        'Watch two domains at once' = { $ran.Shown | Should -Match 'web01, 0' ; $ran.Shown | Should -Match 'db01, 0' }
        'Watch guests that come and go' = { $ran.Shown | Should -Match '(?m)^ +\d+ web01, 1' }
        'Free a frozen guest' = { $ran.Shown | Should -Match 'FrozenVCpus +: \{0' ; $ran.Shown | Should -Match 'StillFrozenVCpus +: \{\}' }
        'Chart an hour' = { Get-Content "$TestDrive/hour.html" -Raw | Should -Match '^<!DOCTYPE html>' }
    }
}
AfterAll { Switch-SimulatedHost }

Describe 'The cookbook' {
    BeforeEach { $null = Connect-XenHost -Simulated }

    It 'has eleven tasks' { $expected.Keys | Should -HaveCount 11 }

    It 'does: <Title>' -ForEach $recipes {
        if ($Title -eq 'Free a frozen guest') { Suspend-Guest web01 }
        $ran = Invoke-Recipe $Blocks
        $ran.Errors | Should -BeNullOrEmpty
        . $expected[$Title]
        Get-XenMonitor | Should -BeNullOrEmpty
        (Get-SimulatedHost).Domains.IsMonitored | Should -Not -Contain $true
    }
}
