namespace XenVmEvent.Cli.Tests;

/// <summary>The command line under test: what was built with the tests, or the published program that XENVMEVENT names by its full path.</summary>
internal static class TestedProgram
{
    /// <summary>The words that start it.</summary>
    public static IReadOnlyList<string> Command { get; } = Environment.GetEnvironmentVariable("XENVMEVENT") is { Length: > 0 } published
        ? [published]
        : ["dotnet", Path.Combine(AppContext.BaseDirectory, "xenvmevent.dll")];
}
