using StackExchange.Redis;

namespace XenVmEvent.Agent.Tests;

/// <summary>A real redis-server with the streams of hosts, whose entries have ids as agents give them.</summary>
internal sealed class HostStreams : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public HostStreams()
    {
        Server = RedisServer.Start(_folder.Path);
        Redis = Server.Connect();
    }

    public RedisServer Server { get; }

    /// <summary>A connection of the test's own.</summary>
    public ConnectionMultiplexer Redis { get; }

    public IDatabase Database => Redis.GetDatabase();

    /// <summary>The number of each host's last entry.</summary>
    public Dictionary<string, ulong> Numbers { get; } = [];

    /// <summary>The path of a file beside those of the server.</summary>
    public string this[string file] => _folder[file];

    public static string Key(string host) => $"xenvmevent:{host}";

    /// <summary>Adds a line that the host sent at a time.</summary>
    public void Send(string host, DateTimeOffset time, RedisValue line) => Database.StreamAdd(Key(host), "line", line, NextId(host, time));

    /// <summary>The same for many lines.</summary>
    public void SendAll(string host, IEnumerable<(DateTimeOffset Time, string Line)> lines)
    {
        Task[] sent = [.. lines.Select(one => Database.StreamAddAsync(Key(host), "line", one.Line, NextId(host, one.Time)))];
        Task.WaitAll(sent);
    }

    /// <summary>The id of the host's next entry, which counts from then on.</summary>
    public string NextId(string host, DateTimeOffset time)
    {
        Numbers[host] = Numbers.GetValueOrDefault(host, 1UL << 44) + 1;
        return $"{time.ToUnixTimeMilliseconds()}-{Numbers[host]}";
    }

    public void Dispose()
    {
        Redis.Dispose();
        Server.Dispose();
        _folder.Dispose();
    }
}
