using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>What systemd is told.</summary>
public sealed class ServiceManagerTests : IDisposable
{
    private static readonly string SeeCpuid = RunningAgent.PolicyFor("leaves", "*", "name: leaf, event: Cpuid");

    private readonly TemporaryFolder _folder = new();
    private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = (int)Until.Patience.TotalMilliseconds };
    private readonly string _path;

    public ServiceManagerTests()
    {
        _path = _folder["notify"];
        _systemd.Bind(new UnixDomainSocketEndPoint(_path));
    }

    public void Dispose()
    {
        _systemd.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_life_of_an_agent_is_told()
    {
        using (RunningAgent agent = new(Host(), Manager(), SeeCpuid))
        {
            Assert.Equal("READY=1\nSTATUS=works", Receive());
            agent.Reload(agent.Of(SeeCpuid));
            long before = Microseconds();
            string[] reloading = Receive().Split('\n');
            Assert.Equal("RELOADING=1", reloading[0]);
            Assert.InRange(long.Parse(reloading[1]["MONOTONIC_USEC=".Length..], CultureInfo.InvariantCulture), 0, before);
            Assert.Equal("READY=1\nSTATUS=works", Receive());
            Assert.Throws<XenException>(() => agent.Service.Reload(() => throw new XenException(XenErrorId.InvalidConfiguration, "It is wrong.", "")));
            Assert.StartsWith("RELOADING=1\n", Receive(), StringComparison.Ordinal);
            Assert.Equal("READY=1\nSTATUS=works; the newest configuration was refused", Receive());
        }

        Assert.Equal("STOPPING=1", Receive());
    }

    [Fact]
    public void Its_clock_is_that_of_the_kernel()
    {
        string[] uptime = File.ReadAllText("/proc/uptime").Split(' ');
        double monotonic = Microseconds() / 1e6;
        Assert.True(monotonic <= double.Parse(uptime[0], CultureInfo.InvariantCulture) + 60, $"{monotonic} s is not since {uptime[0]} s ago."); // It stops while the machine sleeps.
        Assert.True(monotonic > 0);
    }

    [Fact]
    public void A_socket_may_be_in_no_folder()
    {
        string name = $"xenvmevent-{Guid.NewGuid():N}";
        using Socket systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = (int)Until.Patience.TotalMilliseconds };
        systemd.Bind(new UnixDomainSocketEndPoint($"\0{name}"));
        ServiceManager.Find(variable => variable == "NOTIFY_SOCKET" ? $"@{name}" : null).TellReady("works");
        Assert.Equal("READY=1\nSTATUS=works", Receive(systemd));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative")]
    [InlineData("/nowhere/at/all")]
    public void Without_a_socket_nothing_happens(string? name)
    {
        ServiceManager manager = ServiceManager.Find(variable => variable == "NOTIFY_SOCKET" ? name : null);
        manager.TellReady("works");
        manager.TellStopping();
        Assert.Null(manager.Watchdog);
    }

    [Theory]
    [InlineData("2000000", null, 2.0)]
    [InlineData("2000000", "0", null)]
    [InlineData("0", null, null)]
    [InlineData("many", null, null)]
    [InlineData(null, null, null)]
    public void The_watchdog_is_for_the_process_that_systemd_means(string? microseconds, string? process, double? seconds) =>
        Assert.Equal(seconds, Manager(microseconds, process).Watchdog?.TotalSeconds);

    [Fact]
    public void The_watchdog_is_fed_while_sessions_get_on()
    {
        using RunningAgent agent = new(Host(), Manager("40000"), SeeCpuid);
        agent.AwaitSaid("is watched");
        int fed = 0;
        while (fed < 5) fed += Receive() == "WATCHDOG=1" ? 1 : 0;
    }

    [Fact]
    public void The_watchdog_is_fed_no_more_once_something_hangs_and_the_end_does_not_wait_for_that()
    {
        using ManualResetEventSlim hang = new();
        int fed = 0;
        using (Watchdog watchdog = new(Manager("1000"), () =>
        {
            if (++fed == 3) hang.Wait();
        }))
        {
            Until.True(() => Volatile.Read(ref fed) == 3);
        }

        Assert.Equal(["WATCHDOG=1", "WATCHDOG=1"], [Receive(), Receive()]);
        Assert.Equal(0, _systemd.Available);
        hang.Set();
    }

    private static long Microseconds() => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);

    private static SimulatedHypervisor Host() => new(new SimulationOptions { Domains = [new() { Id = 1, Name = "web01", Workload = Workload.Idle }] });

    private ServiceManager Manager(string? watchdog = null, string? process = null) => ServiceManager.Find(variable => variable switch
    {
        "NOTIFY_SOCKET" => _path,
        "WATCHDOG_USEC" => watchdog,
        "WATCHDOG_PID" => process,
        _ => null,
    });

    private string Receive() => Receive(_systemd);

    private static string Receive(Socket socket)
    {
        byte[] buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }
}
