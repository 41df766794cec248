using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace XenVmEvent.Pester.Tests;

/// <summary>How an It ended.</summary>
public enum Outcome
{
    Passed,
    Failed,
    Skipped,
}

/// <summary>An It that has run, as Invoke-Tests.ps1 writes it.</summary>
/// <param name="Name">Its file and its path.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Message">Why it failed or was skipped.</param>
public record ItResult(string Name, Outcome Outcome, string Message);

/// <summary>The Pester suite in a PowerShell of its own, which the restore of this project brings along.</summary>
internal static class Suite
{
    /// <summary>Longer than the suite takes on the slowest machine.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(40);

    private static readonly JsonSerializerOptions Options = new() { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() } };

    /// <summary>Runs it.</summary>
    /// <exception cref="InvalidOperationException">It broke off without results.</exception>
    public static ItResult[] Run()
    {
        string results = Path.GetTempFileName();
        try
        {
            string said = PowerShell("-File", Told("Suite"), "-PesterPath", Told("Pester"), "-ResultPath", results);
            string json = File.ReadAllText(results);
            return json.Length > 0 ? JsonSerializer.Deserialize<ItResult[]>(json, Options)! : throw new InvalidOperationException($"The suite broke off: {said}");
        }
        finally
        {
            File.Delete(results);
        }
    }

    /// <summary>Runs PowerShell and returns all that it said.</summary>
    public static string PowerShell(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [Told("PowerShell"), "-NoProfile", "-NonInteractive", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Longest)) process.Kill(entireProcessTree: true);
        return output.Result + errors.Result;
    }

    /// <summary>What the project file tells of where something lies.</summary>
    public static string Told(string key) =>
        typeof(Suite).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
