namespace XenVmEvent.Bench;

/// <summary>The PowerShell that .config/dotnet-tools.json pins, so that nobody has to install one.</summary>
internal static class PowerShell
{
    /// <summary>Runs it without the user's profile and returns its standard output.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static string Run(string kind, params IEnumerable<string> arguments) =>
        Command.Output("dotnet", ["pwsh", "-NoProfile", "-NonInteractive", kind, .. arguments]);
}
