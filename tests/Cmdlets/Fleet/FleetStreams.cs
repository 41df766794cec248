using StackExchange.Redis;
using XenVmEvent.Agent.Tests;
using XenVmEvent.Events;
using XenVmEvent.PS;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>A real redis-server with the streams of hosts, written as agents write them.</summary>
internal sealed class FleetStreams : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, ulong> _numbers = [];
    private readonly string _line;

    public FleetStreams()
    {
        VmEvent made = Pipeline.Of<WatchXenVmEventCommand>("web01", "Cpuid").With("First", 1).Run().OutputOf<VmEvent>()[0];
        _line = (string)VmEventMembers.Recorded(new System.Management.Automation.PSObject(made));
        Server = RedisServer.Start(_folder.Path);
        Redis = Server.Connect();
    }

    public RedisServer Server { get; }

    /// <summary>A connection of the test's own version of the library.</summary>
    public ConnectionMultiplexer Redis { get; }

    public IDatabase Database => Redis.GetDatabase();

    public string this[string file] => _folder[file];

    public static string Key(string host) => $"xenvmevent:{host}";

    /// <summary>Sends an event at each of these times.</summary>
    public void Send(string host, params IEnumerable<DateTimeOffset> times)
    {
        Task[] sent = [.. times.Select(time => Database.StreamAddAsync(Key(host), "line", At(time), NextId(host, time)))];
        Task.WaitAll(sent);
    }

    public void SendLine(string host, DateTimeOffset time, string line) => Database.StreamAdd(Key(host), "line", line, NextId(host, time));

    /// <summary>Leaves entries out, as if they were trimmed.</summary>
    public void Skip(string host, ulong count) => _numbers[host] += count;

    public long Pending(string host, string group) => Database.StreamPending(Key(host), group).PendingMessageCount;

    public void Dispose()
    {
        Redis.Dispose();
        Server.Dispose();
        _folder.Dispose();
    }

    private string At(DateTimeOffset time) => $"{{\"time\":\"{time:O}\"{_line[_line.IndexOf(',', StringComparison.Ordinal)..]}";

    private string NextId(string host, DateTimeOffset time)
    {
        ulong number = _numbers.GetValueOrDefault(host, 1UL << 44) + 1;
        _numbers[host] = number;
        return $"{time.ToUnixTimeMilliseconds()}-{number}";
    }
}
