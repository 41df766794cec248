using System.Diagnostics;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>The built command, run as people run it: a process of its own.</summary>
internal sealed class CommandProcess : IDisposable
{
    /// <summary>Longer than anything takes on the slowest machine: reached only when something never comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _errors;
    private bool _isDeaf;

    private CommandProcess(string file, IEnumerable<string> arguments)
    {
        _process = Process.Start(new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Its standard output.</summary>
    public StreamReader Output => _process.StandardOutput;

    /// <summary>Starts the command. Where SIGHUP is ignored, as under nohup, it would ignore it too.</summary>
    public static CommandProcess Start(params IEnumerable<string> arguments) => new("env", ["--default-signal=HUP", .. TestedProgram.Command, .. arguments]);

    /// <summary>Runs the command to its end.</summary>
    public static CommandResult Run(params IEnumerable<string> arguments)
    {
        using CommandProcess command = Start(arguments);
        return command.Finish();
    }

    /// <summary>Runs the command to its end with settings of its environment, as in NAME=value.</summary>
    public static CommandResult RunWith(string[] settings, params IEnumerable<string> arguments)
    {
        using CommandProcess command = new("env", [.. settings, .. TestedProgram.Command, .. arguments]);
        return command.Finish();
    }

    /// <summary>Runs the command to its end by a shell, with its output sent elsewhere.</summary>
    public static CommandResult RunInShell(string arguments, string redirection, string before = "")
    {
        using CommandProcess command = new("sh", ["-c", $"{before} exec \"$@\" {arguments} {redirection}", "sh", .. TestedProgram.Command]);
        return command.Finish();
    }

    /// <summary>Sends it a signal, by the shell: minimal systems have no program kill.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("sh", ["-c", $"kill -s {name} {_process.Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Reads no more of its output.</summary>
    public void StopReading()
    {
        _isDeaf = true;
        Output.Close();
    }

    /// <summary>Waits for its end and returns what it left, less what was read of it before.</summary>
    public CommandResult Finish()
    {
        Task<string> output = _isDeaf ? Task.FromResult("") : Output.ReadToEndAsync();
        if (!_process.WaitForExit(Patience)) throw new TimeoutException("The command did not end.");
        return new CommandResult(_process.ExitCode, LinesOf(output.GetAwaiter().GetResult()), LinesOf(_errors.GetAwaiter().GetResult()));
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private static string[] LinesOf(string text)
    {
        if (text.Length == 0) return [];
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        return text[..^1].Split('\n');
    }
}
