using System.Diagnostics;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>Prometheus' own checker, where it is installed (Debian: apt install prometheus).</summary>
internal static class Promtool
{
    /// <summary>What it complains of in a text of metrics.</summary>
    public static string OfMetrics(string text) => Run(["check", "metrics"], text);

    /// <summary>What it complains of.</summary>
    public static string Complaints(params string[] arguments) => Run(arguments, "");

    /// <summary>Skips the test if there is none.</summary>
    private static string Run(string[] arguments, string input)
    {
        string? program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "promtool is missing (Debian: apt install prometheus).");
        using Process process = Process.Start(new ProcessStartInfo(program!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        string complaints = process.StandardError.ReadToEnd();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? complaints : $"{complaints}{said}(exit code {process.ExitCode})";
    }
}
