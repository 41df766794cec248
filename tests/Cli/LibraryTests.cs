using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>What the command needs of the system that it runs on, which may be a dom0 with little more than Xen.</summary>
[Trait("Speed", "Slow")]
public sealed class LibraryTests : IDisposable
{
    /// <summary>What .NET would load for cryptography and for languages.</summary>
    private static readonly string[] Unwanted = ["libssl", "libcrypto", "libicu"];

    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Nothing_is_loaded_that_a_small_system_has_not()
    {
        string recording = Path.Combine(_folder, "trace.jsonl.gz");
        AssertLoadsLittle("web01", "write", "--simulate", "--first", "20");
        AssertLoadsLittle("web01", "write", "--simulate", "--first", "20", "--output", recording);
        AssertLoadsLittle("web01", "write", "--simulate", "--first", "20", "--format", "json");
        AssertLoadsLittle("report", recording, Path.Combine(_folder, "report.html"));
        AssertLoadsLittle("read", "web01", "0x1000", "--simulate");
    }

    /// <summary>The dynamic linker itself tells what it loads.</summary>
    private void AssertLoadsLittle(params string[] arguments)
    {
        string log = Directory.CreateDirectory(Path.Combine(_folder, Path.GetRandomFileName())).FullName;
        CommandResult result = CommandProcess.RunWith(["LD_DEBUG=files", $"LD_DEBUG_OUTPUT={log}/of"], arguments);
        Assert.Equal(0, result.ExitCode);
        string loaded = string.Concat(Directory.GetFiles(log).Select(File.ReadAllText));
        Assert.Contains("file=libc.so", loaded, StringComparison.Ordinal);
        Assert.All(Unwanted, library => Assert.DoesNotContain($"file={library}", loaded, StringComparison.Ordinal));
    }
}
