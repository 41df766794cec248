# The PowerShell that runs this, as a command to start another one with: a program and its first arguments. The .NET tool is
# an assembly that dotnet runs.
function Get-PowerShellCommand {
    $program = (Get-Process -Id $PID).Path
    $program
    if ((Split-Path $program -LeafBase) -eq 'dotnet') { "$PSHOME/pwsh.dll" }
}
