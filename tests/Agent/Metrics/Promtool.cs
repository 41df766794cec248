using System.Diagnostics;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>Prometheus' own checker, where it is installed (Debian: apt install prometheus).</summary>
internal static class Promtool
{
    /// <summary>Runs it, and returns what it complains of. Skips the test if there is none.</summary>
    public static string Check(string what, string? input = null, params string[] files)
    {
        string? program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "promtool is missing (Debian: apt install prometheus).");
        using Process process = Process.Start(new ProcessStartInfo(program!, ["check", what, .. files])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        if (input is not null) process.StandardInput.Write(input);
        process.StandardInput.Close();
        string complaints = process.StandardError.ReadToEnd();
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? complaints : $"{complaints}{said}(exit code {process.ExitCode})";
    }
}
