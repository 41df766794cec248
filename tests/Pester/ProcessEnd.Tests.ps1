BeforeAll {
    . $PSScriptRoot/PowerShellCommand.ps1

    # The shell has kill built in: minimal systems have no such program.
    function Send-Signal([string] $Name, [Diagnostics.Process] $Process) { sh -c "kill -s $Name $($Process.Id)" }

    # Runs a script in a PowerShell of its own, with $guest monitored and the functions below; Action gets the process
    # once it has said that it is ready.
    function Invoke-Child([string] $Script, [scriptblock] $Action = {}) {
        $prologue = {
            $ErrorActionPreference = 'Stop'
            $null = Connect-XenHost -Simulated
            $simulated = (Get-Command Connect-XenHost).ImplementingType.Assembly.GetType('XenVmEvent.PS.XenHost').GetProperty('Current').GetValue($null)
            $guest = $simulated.Domains[0]
            # Delegates that need no runspace: others cannot be called on the threads that signals and the end come by.
            $isMonitored = [Linq.Expressions.Expression]::Property([Linq.Expressions.Expression]::Constant($guest), 'IsMonitored')
            $say = [Linq.Expressions.Expression]::Call([Console].GetMethod('WriteLine', [type[]] @([bool])), $isMonitored)
            function Register-AtExit {
                $parameters = [Linq.Expressions.ParameterExpression[]] @([Linq.Expressions.Expression]::Parameter([object]), [Linq.Expressions.Expression]::Parameter([EventArgs]))
                [AppDomain]::CurrentDomain.add_ProcessExit([Linq.Expressions.Expression]::Lambda([EventHandler], $say, $parameters).Compile())
            }
            # Survives the signal, to tell what became of the guest.
            function Register-Survival([string] $Signal) {
                $context = [Linq.Expressions.Expression]::Parameter([Runtime.InteropServices.PosixSignalContext])
                $cancel = [Linq.Expressions.Expression]::Assign([Linq.Expressions.Expression]::Property($context, 'Cancel'), [Linq.Expressions.Expression]::Constant($true))
                $handler = [Linq.Expressions.Expression]::Lambda([Action[Runtime.InteropServices.PosixSignalContext]], $cancel, [Linq.Expressions.ParameterExpression[]] @($context)).Compile()
                $script:survival = [Runtime.InteropServices.PosixSignalRegistration]::Create($Signal, $handler)
            }
        }
        $manifest = Join-Path (Get-Module XenVmEvent).ModuleBase 'XenVmEvent.psd1'
        # Where SIGHUP is ignored, as under nohup, its children would ignore it too.
        $start = [Diagnostics.ProcessStartInfo]::new('env')
        @('--default-signal=HUP'; Get-PowerShellCommand; '-NoProfile', '-NonInteractive', '-Command', "Import-Module '$manifest'`n$prologue`n$Script") | ForEach-Object { $start.ArgumentList.Add($_) }
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        $child = [Diagnostics.Process]::Start($start)
        try {
            $errors = $child.StandardError.ReadToEndAsync()
            $child.StandardOutput.ReadLine() | Should -Be 'ready' -Because "$($child.HasExited ? $errors.Result : '')"
            & $Action $child
            $rest = $child.StandardOutput.ReadToEndAsync()
            $child.WaitForExit(60000) | Should -BeTrue
            [pscustomobject] @{ ExitCode = $child.ExitCode; Output = $rest.Result.Trim(); Errors = $errors.Result.Trim() }
        }
        finally {
            if (-not $child.HasExited) { $child.Kill() }
            $child.Dispose()
        }
    }
}

Describe 'The end of the process ends its sessions' {
    It 'at exit' {
        $ended = Invoke-Child { Enable-XenMonitor web01; Register-AtExit; 'ready'; exit 3 }
        $ended.ExitCode | Should -Be 3
        $ended.Output | Should -Be 'False'
        $ended.Errors | Should -BeNullOrEmpty
    }

    It 'at the end of the script' {
        (Invoke-Child { Enable-XenMonitor web01; Register-AtExit; 'ready' }).Output | Should -Be 'False'
    }

    It 'by SIG<_>, with a session open' -ForEach 'TERM', 'HUP' {
        $signal = $_
        $ended = Invoke-Child "Register-Survival SIG$signal; Enable-XenMonitor web01; 'ready'; while (`$guest.IsMonitored) { Start-Sleep -Milliseconds 10 }; 'free'" {
            Send-Signal $signal $args[0]
        }
        $ended.Output | Should -Be 'free'
    }

    It 'by SIG<_>, in the midst of a watch that holds events' -ForEach 'TERM', 'HUP' {
        $signal = $_
        $script = {
            Watch-XenVmEvent web01 -Event Cpuid -Hold -ResponseTimeout 600 -ErrorAction SilentlyContinue | ForEach-Object {
                if (-not $seen) { 'ready' }
                $seen = $_
                while ($_.ResponseState -eq 'Held') { Start-Sleep -Milliseconds 10 }
            }
            "$($guest.IsMonitored) $($seen.ResponseState)"
        }
        $ended = Invoke-Child "Register-Survival SIG$signal`n$script" { Send-Signal $signal $args[0] }
        $ended.Output | Should -Be 'False Released'
    }

    It 'by SIG<Name>, which then ends it as ever' -ForEach @{ Name = 'TERM'; Code = 143 }, @{ Name = 'HUP'; Code = 129 } {
        $ended = Invoke-Child { Enable-XenMonitor web01; 'ready'; Start-Sleep 600 } { Send-Signal $Name $args[0] }
        $ended.ExitCode | Should -Be $Code
    }
}
