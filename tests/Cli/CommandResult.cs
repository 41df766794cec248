namespace XenVmEvent.Cli.Tests;

/// <summary>What the command left: its exit code and the lines of both outputs.</summary>
internal sealed record CommandResult(int ExitCode, string[] Output, string[] Errors);
