using System.Collections.Concurrent;
using System.Diagnostics;
using StackExchange.Redis;
using XenVmEvent.Events;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>A spool on a disk that is full.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const string Host = "dom0-1";
    private const int Queue = 2000;

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _said = new();
    private readonly RedisServer _server;
    private readonly bool _isMounted;

    public FullDiskTests()
    {
        _server = RedisServer.Start(_folder["server"]);
        Directory.CreateDirectory(Disk);
        _isMounted = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && TryRun("mount", "-t", "tmpfs", "-o", "size=5m", "none", Disk);
        if (!_isMounted) Dispose();
        Assert.SkipUnless(_isMounted, "Only root, where it may, can mount a small disk.");
    }

    private string Disk => _folder["disk"];

    private string Filler => Path.Combine(Disk, "filler");

    public void Dispose()
    {
        _server.Dispose();
        if (_isMounted) Assert.True(TryRun("umount", "--lazy", Disk));
        _folder.Dispose();
    }

    [Fact]
    public void What_does_not_fit_is_counted_and_marked_and_once_Redis_is_back_everything_goes_on()
    {
        _server.Kill();
        Output output = Start();
        uint offered = 0;
        while (output.GetStatus().Lost < 100) Offer(output, ref offered, 100);
        Assert.Contains("No space left on device", output.GetStatus().Problem, StringComparison.Ordinal);
        Assert.Contains(_said, one => one.StartsWith("The output fleet fails; it is tried again. The spool", StringComparison.Ordinal));
        _server.Start();
        Until.True(() => output.GetStatus().Waiting == 0, () => $"{output.GetStatus()}");
        Offer(output, ref offered, 100);
        AssertAllButTheLost(output, offered);
        Assert.Equal("The output fleet works again.", _said.Last());
    }

    [Fact]
    public void What_others_need_is_waited_for()
    {
        Output output = Start();
        uint offered = 0;
        Offer(output, ref offered, 100);
        Until.True(() => output.GetStatus().Waiting == 0);
        Fill();
        while (output.GetStatus().Lost < 100) Offer(output, ref offered, 100);
        File.Delete(Filler);
        Until.True(() => output.GetStatus().Waiting == 0, () => $"{output.GetStatus()}");
        Offer(output, ref offered, 100);
        AssertAllButTheLost(output, offered);
    }

    [Fact]
    public void What_waits_is_sent_although_the_agent_starts_while_the_disk_is_full()
    {
        _server.Kill();
        using (RedisSink killed = (RedisSink)Settings.CreateSink(new AgentIdentity())) killed.Write(Entries.Of(0, 1000));
        Fill();
        _server.Start();
        using (RedisSink sink = (RedisSink)Settings.CreateSink(new AgentIdentity()))
        {
            Assert.Contains("No space left on device", Assert.Throws<EventSinkException>(() => sink.Write([])).Message, StringComparison.Ordinal);
            Arrivals.Await(sink);
            File.Delete(Filler);
            sink.Write(Entries.Of(1000, 10));
            Arrivals.Await(sink);
        }

        using ConnectionMultiplexer admin = _server.Connect();
        Arrivals.AssertWhole(admin, Host, 1010);
    }

    private RedisOutputSettings Settings => new()
    {
        Name = "fleet",
        Queue = Queue,
        Redis = _server.Settings,
        HostName = Host,
        SpoolFolder = Path.Combine(Disk, "spool"),
        SpoolSize = 16 << 20,
        MostEntries = null,
    };

    private Output Start()
    {
        Output output = new(Settings, Settings.CreateSink(new AgentIdentity()), new AgentLog(_said.Enqueue, _ => ""));
        output.Start();
        return output;
    }

    private static void Offer(Output output, ref uint offered, int count)
    {
        for (int i = 0; i < count; i++) output.Offer(Outgoing.Event(offered++));
        Until.True(() => output.GetStatus().Waiting < Queue / 2 || output.GetStatus().Problem is not null);
    }

    private void AssertAllButTheLost(Output output, uint offered)
    {
        output.Stop(Until.Patience);
        using FleetReader reader = FleetReader.Open(new FleetQuery { Redis = _server.Settings, Tell = _ => { } }, TestContext.Current.CancellationToken);
        List<uint> numbers = [];
        while (!reader.IsOver)
        {
            if (reader.TryTake(out VmEvent? next)) numbers.Add(Outgoing.Number(next));
        }

        Assert.Equal(numbers.Distinct().Order(), numbers);
        Assert.Equal((output.GetStatus().Lost, 0, offered), (reader.Lost, reader.Missing, numbers.Count + reader.Lost));
        Assert.True(reader.Lost >= 100);
    }

    /// <summary>Takes all the room that is left.</summary>
    private void Fill()
    {
        using FileStream filler = new(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] page = new byte[4096];
        try
        {
            while (true) filler.Write(page);
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    private static bool TryRun(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
