using System.Diagnostics;

namespace XenVmEvent.Bench;

/// <summary>Runs programs.</summary>
internal static class Command
{
    /// <summary>Runs a program to its end and returns its standard output.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static string Output(string program, params IEnumerable<string> arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} ended with exit code {process.ExitCode}: {errors.Result}");
    }

    /// <summary>Runs a program to its end, with both outputs to /dev/null.</summary>
    public static void RunSilently(IReadOnlyDictionary<string, string> environment, params IEnumerable<string> command)
    {
        ProcessStartInfo start = new("sh", ["-c", "exec \"$@\" > /dev/null 2>&1", "sh", .. command]);
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        process.WaitForExit();
    }
}
