using System.Diagnostics;
using System.Runtime.Versioning;
using XenVmEvent.Recovery;
using XenVmEvent.Tests.Simulation;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Recovery;

[SupportedOSPlatform("linux")]
public sealed class ProcessProgressTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly TemporaryRoot _folder = new();
    private Process? _process;

    public void Dispose()
    {
        _process?.Kill();
        _process?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task One_that_is_slow_is_waited_for_as_long_as_it_gets_on()
    {
        string go = Path.Combine(_folder.Path, "go");
        (Process process, Task<string?> said) = Start($"while [ ! -e '{go}' ]; do :; done; echo ready");
        long start = Stopwatch.GetTimestamp();
        Task<bool> waits = Task.Run(() => ProcessProgress.Await(process, said, Patience));
        Hosts.Until(() => waits.IsCompleted || Stopwatch.GetElapsedTime(start) > Patience * 3);
        Assert.False(waits.IsCompleted);
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        Assert.True(await waits);
        Assert.Equal("ready", await said);
    }

    [Fact]
    public async Task One_that_stands_still_is_not()
    {
        (Process process, Task<string?> said) = Start("read forever");
        Assert.False(await Task.Run(() => ProcessProgress.Await(process, said, Patience)));
    }

    [Fact]
    public async Task The_end_of_one_that_says_nothing_is_what_was_awaited()
    {
        (Process process, Task<string?> said) = Start("exit 1");
        Assert.True(await Task.Run(() => ProcessProgress.Await(process, said, Listener.Patience)));
        Assert.Null(await said);
    }

    private (Process Process, Task<string?> Said) Start(string script)
    {
        _process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        return (_process, _process.StandardOutput.ReadLineAsync());
    }
}
