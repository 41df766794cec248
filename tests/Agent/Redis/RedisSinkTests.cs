using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>What arrives in a real Redis, whatever happens to it.</summary>
public sealed class RedisSinkTests : IDisposable
{
    private const string Host = "dom0-1";

    private readonly AgentIdentity _agent = new() { PolicyHash = new string('a', 64) };
    private readonly string _folder = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Everything_arrives_once_and_in_order()
    {
        using RedisServer server = RedisServer.Start(_folder);
        using RedisSink sink = Open(server);
        for (int i = 0; i < 100; i++) sink.Write(Entries.Of(i * 50, 50));
        Arrivals.Await(sink);
        AssertArrived(server, 5000);
        Assert.Equal(5000, sink.State.Delivered);
    }

    [Fact]
    public void Also_when_Redis_starts_after_the_agent()
    {
        using RedisServer server = RedisServer.Start(_folder);
        server.Kill();
        using RedisSink sink = Open(server);
        sink.Write(Entries.Of(0, 10));
        Until.True(() => sink.State.Problem is not null);
        Assert.Equal("Redis cannot be reached: UnableToConnect.", sink.State.Problem);
        server.Start();
        Arrivals.Await(sink);
        AssertArrived(server, 10);
        Until.True(() => sink.State.Problem is null);
    }

    [Fact]
    public void Also_when_Redis_is_killed_again_and_again()
    {
        using RedisServer server = RedisServer.Start(_folder);
        using RedisSink sink = Open(server);
        using Load load = new(sink);
        for (int i = 0; i < 8; i++)
        {
            long delivered = sink.State.Delivered;
            Until.True(() => sink.State.Delivered > delivered);
            server.Kill();
            server.Start();
        }

        long count = load.End();
        Arrivals.Await(sink);
        AssertArrived(server, count);
    }

    [Fact]
    public void Also_when_the_agent_is_killed_again_and_again()
    {
        const int Runs = 5;
        const long Apart = 1_000_000;
        using RedisServer server = RedisServer.Start(_folder);
        long[] taken = new long[Runs];
        for (int run = 0; run < Runs; run++)
        {
            using Process agent = Process.Start(new ProcessStartInfo(
                "dotnet", [Path.Combine(AppContext.BaseDirectory, "XenVmEvent.Fleet.dll"), "send", server.Address, SettingsFor(server).SpoolFolder, $"{run * Apart}"])
            {
                RedirectStandardOutput = true,
            })!;
            for (int i = 0; i < 10 + (run * 37); i++) Assert.NotNull(agent.StandardOutput.ReadLine());
            agent.Kill();
            while (agent.StandardOutput.ReadLine() is { } line) taken[run] = long.TryParse(line, CultureInfo.InvariantCulture, out long number) ? number : taken[run];
            agent.WaitForExit();
        }

        using RedisSink sink = Open(server);
        sink.Write([]); // Which opens the spool, as the agent does.
        Arrivals.Await(sink);
        long[] numbers = [.. Read(server).OfType<long>()];
        for (int run = 0; run < Runs; run++)
        {
            long[] own = [.. numbers.Where(n => n / Apart == run)];
            Assert.Equal(Enumerable.Range(0, own.Length).Select(n => (run * Apart) + n), own);
            Assert.True((run * Apart) + own.Length >= taken[run], $"Run {run}: the agent had taken {taken[run] - (run * Apart)}, and {own.Length} have arrived.");
        }
    }

    [Fact]
    public void Also_when_the_clock_is_set_back_an_hour_while_the_agent_runs_and_between_two_agents()
    {
        using RedisServer server = RedisServer.Start(_folder);
        ManualClock clock = new();
        using (RedisSink first = new(SettingsFor(server), _agent, clock))
        {
            first.Write(Entries.Of(0, 100));
            clock.Now -= TimeSpan.FromHours(1);
            first.Write(Entries.Of(100, 100));
            Arrivals.Await(first);
        }

        clock.Now -= TimeSpan.FromHours(1);
        using RedisSink second = new(SettingsFor(server), _agent, clock);
        second.Write(Entries.Of(200, 100));
        Arrivals.Await(second);
        Assert.Null(second.State.Problem);
        AssertArrived(server, 300);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(0)]
    public void After_an_empty_restart_it_sends_its_last_seconds_again_whether_or_not_more_follows(int more)
    {
        using RedisServer server = RedisServer.Start(_folder, "--appendonly", "no");
        using RedisSink sink = Open(server);
        sink.Write(Entries.Of(0, 1000));
        Arrivals.Await(sink);
        server.Kill();
        server.Start();
        if (more > 0) sink.Write(Entries.Of(1000, more));
        Until.True(() => Read(server).Count(n => n is not null) == 1000 + more, () => $"{sink.State}");
        AssertArrived(server, 1000 + more);
    }

    [Fact]
    public void While_Redis_has_no_memory_everything_waits()
    {
        using RedisServer server = RedisServer.Start(_folder, "--maxmemory", "3mb", "--maxmemory-policy", "noeviction");
        using RedisSink sink = Open(server);
        int written = 0;
        while (sink.State.Problem is null) sink.Write(Entries.Of((written += 500) - 500, 500));
        Assert.StartsWith("Redis refuses: OOM", sink.State.Problem, StringComparison.Ordinal);
        using (ConnectionMultiplexer admin = server.Connect()) admin.GetServers()[0].ConfigSet("maxmemory", "0");
        Arrivals.Await(sink);
        AssertArrived(server, written);
        Assert.Null(sink.State.Problem);
    }

    [Fact]
    public void What_Redis_took_after_the_sender_gave_up_is_not_stored_twice()
    {
        using RedisServer server = RedisServer.Start(_folder);
        using RedisSink sink = Open(server, ",asyncTimeout=300");
        sink.Write(Entries.Of(0, 100));
        Arrivals.Await(sink);
        server.Signal("STOP");
        sink.Write(Entries.Of(100, 2000));
        Until.True(() => sink.State.Problem == "Redis does not answer in time.");
        server.Signal("CONT");
        sink.Write(Entries.Of(2100, 100));
        Arrivals.Await(sink);
        AssertArrived(server, 2200);
    }

    [Fact]
    public void A_password_that_changes_is_read_again()
    {
        using RedisServer server = RedisServer.Start(_folder, "--requirepass", "old");
        string file = Path.Combine(_folder, "password");
        File.WriteAllText(file, "old\n");
        using RedisSink sink = new(SettingsFor(server) with { Redis = server.Settings with { PasswordFile = file } }, _agent);
        sink.Write(Entries.Of(0, 100));
        Arrivals.Await(sink);
        using (ConnectionMultiplexer admin = server.Connect(",password=old"))
        {
            IServer it = admin.GetServers()[0];
            it.ConfigSet("requirepass", "new");
            it.Execute("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        }

        sink.Write(Entries.Of(100, 100));
        Until.True(() => sink.State.Problem == "Redis refuses the user or the password.", () => $"{sink.State}");
        File.WriteAllText(file, "new\n");
        Arrivals.Await(sink);
        AssertArrived(server, 200, ",password=new");
    }

    [Fact]
    public void Two_hosts_with_one_name_lose_nothing_and_are_told()
    {
        const long Apart = 1_000_000;
        using RedisServer server = RedisServer.Start(_folder);
        using RedisSink one = Open(server);
        using RedisSink other = new(SettingsFor(server) with { SpoolFolder = Path.Combine(_folder, "other") }, _agent);
        int written = 0;
        Until.True(() =>
        {
            one.Write(Entries.Of(written, 10));
            other.Write(Entries.Of(Apart + written, 10));
            written += 10;
            return new[] { one, other }.Any(sink => sink.State.Problem?.StartsWith("Somebody else writes to the stream xenvmevent:dom0-1", StringComparison.Ordinal) == true);
        });
        Arrivals.Await(one);
        Arrivals.Await(other);
        long[] numbers = [.. Read(server).OfType<long>()];
        Assert.Equal(Enumerable.Range(0, written).Select(n => (long)n), numbers.Where(n => n < Apart));
        Assert.Equal(Enumerable.Range(0, written).Select(n => (long)n + Apart), numbers.Where(n => n >= Apart));
    }

    [Fact]
    public void An_entry_from_the_future_keeps_nothing_out()
    {
        using RedisServer server = RedisServer.Start(_folder);
        using RedisSink sink = Open(server);
        sink.Write(Entries.Of(0, 10));
        Arrivals.Await(sink);
        using (ConnectionMultiplexer other = server.Connect()) other.GetDatabase().StreamAdd("xenvmevent:dom0-1", "line", "hello", "9000000000000-0");
        sink.Write(Entries.Of(10, 10));
        Arrivals.Await(sink);
        AssertArrived(server, 20);
    }

    [Fact]
    public void A_key_that_is_no_stream_is_a_problem_until_it_is_gone()
    {
        using RedisServer server = RedisServer.Start(_folder);
        using ConnectionMultiplexer other = server.Connect();
        other.GetDatabase().StringSet("xenvmevent:dom0-1", "mine");
        using RedisSink sink = Open(server);
        sink.Write(Entries.Of(0, 10));
        Until.True(() => sink.State.Problem is not null);
        Assert.StartsWith("Redis refuses: WRONGTYPE", sink.State.Problem, StringComparison.Ordinal);
        other.GetDatabase().KeyDelete("xenvmevent:dom0-1");
        Arrivals.Await(sink);
        AssertArrived(server, 10);
    }

    [Fact]
    public void A_full_spool_refuses_until_there_is_room()
    {
        using RedisServer server = RedisServer.Start(_folder);
        server.Kill();
        using RedisSink sink = new(SettingsFor(server) with { SpoolSize = 1 << 20 }, _agent);
        int written = 0;
        EventSinkException full = Assert.Throws<EventSinkException>(() => Fill(sink, ref written));
        Assert.Contains("is full: it has 1 MiB.", full.Message, StringComparison.Ordinal);
        server.Start();
        Arrivals.Await(sink);
        sink.Write(Entries.Of(written, 100));
        Arrivals.Await(sink);
        AssertArrived(server, written + 100);
    }

    [Fact]
    public void The_stream_is_trimmed_by_length_or_age()
    {
        using RedisServer server = RedisServer.Start(_folder);
        using (RedisSink sink = new(SettingsFor(server) with { MostEntries = 1000 }, _agent))
        {
            for (int i = 0; i < 50; i++) sink.Write(Entries.Of(i * 100, 100));
            Arrivals.Await(sink);
        }

        Assert.InRange(Read(server).Count, 1000, 1300);
        using (RedisSink sink = new(SettingsFor(server) with { MostEntries = null, LongestAge = TimeSpan.FromMilliseconds(1) }, _agent))
        {
            for (int i = 0; i < 10; i++)
            {
                sink.Write(Entries.Of(0, 100));
                Arrivals.Await(sink);
            }
        }

        Assert.InRange(Read(server).Count, 1, 500);
    }

    [Fact]
    public void A_user_needs_few_rights()
    {
        using RedisServer server = RedisServer.Start(_folder);
        using (ConnectionMultiplexer admin = server.Connect()) DocumentedUsers.Create(admin, "dom0-1");
        using RedisSink sink = Open(server, $",user=dom0-1,password={DocumentedUsers.Password}");
        sink.Write(Entries.Of(0, 100));
        Arrivals.Await(sink);
        AssertArrived(server, 100);
    }

    [Theory]
    [InlineData("+time", true)]
    [InlineData("-time", false)]
    public void The_agent_says_what_it_is_and_how_its_clock_is_if_it_may_ask(string right, bool isTold)
    {
        using RedisServer server = RedisServer.Start(_folder);
        using ConnectionMultiplexer admin = server.Connect();
        DocumentedUsers.Create(admin, "dom0-1");
        admin.GetServers()[0].Execute("ACL", "SETUSER", "dom0-1", right);
        using RedisSink sink = Open(server, $",user=dom0-1,password={DocumentedUsers.Password}");
        sink.Write([]);
        Until.True(() => Notes().Count == 2);
        Assert.All(Notes(), note => Assert.Equal((_agent.Version, _agent.PolicyHash), (note.Version, note.PolicyHash)));
        Assert.Null(Notes()[0].ClockSkew);
        if (isTold) Assert.InRange(Notes()[1].ClockSkew!.Value, -60_000, 60_000); // Both clocks are this machine's.
        else Assert.Null(Notes()[1].ClockSkew);

        List<AgentNote> Notes() => [.. admin.GetDatabase().StreamRange($"xenvmevent:{Host}").Select(e => AgentNote.TryParse((byte[])e["line"]!)).OfType<AgentNote>()];
    }

    [Fact]
    public void A_spool_that_cannot_be_opened_is_tried_again()
    {
        using RedisServer server = RedisServer.Start(_folder);
        string file = Path.Combine(_folder, "spool");
        File.WriteAllText(file, "");
        using RedisSink sink = Open(server);
        Assert.Contains("cannot be used", Assert.Throws<EventSinkException>(() => sink.Write([])).Message, StringComparison.Ordinal);
        File.Delete(file);
        sink.Write(Entries.Of(0, 10));
        Arrivals.Await(sink);
        AssertArrived(server, 10);
    }

    private RedisOutputSettings SettingsFor(RedisServer server, string options = "") => new()
    {
        Name = "fleet",
        Redis = new RedisSettings { Server = server.Address + options },
        HostName = Host,
        SpoolFolder = Path.Combine(_folder, "spool"),
    };

    private RedisSink Open(RedisServer server, string options = "") => new(SettingsFor(server, options), _agent);

    private static void Fill(RedisSink sink, ref int written)
    {
        while (true)
        {
            sink.Write(Entries.Of(written, 100));
            written += 100;
        }
    }

    private static void AssertArrived(RedisServer server, long count, string options = "")
    {
        using ConnectionMultiplexer redis = server.Connect(options);
        Arrivals.AssertWhole(redis, Host, count);
    }

    private static List<long?> Read(RedisServer server)
    {
        using ConnectionMultiplexer redis = server.Connect();
        return Arrivals.Read(redis, Host);
    }
}
