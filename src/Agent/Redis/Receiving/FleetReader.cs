using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.IO.Enumeration;
using StackExchange.Redis;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Agent;

/// <summary>
/// Receives the events of a fleet's hosts from Redis, in the order of time. It reads ahead, in bounded memory. Used by one
/// thread.
/// </summary>
public sealed class FleetReader : IDisposable
{
    private const int MostAhead = 32_768;
    private const int LeastAhead = 16;
    private const int MostInRead = 1000;
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DiscoveryPeriod = TimeSpan.FromSeconds(5);

    private readonly FleetQuery _query;
    private readonly ConnectionMultiplexer _redis;
    private readonly IDatabase _database;
    private readonly Dictionary<string, HostFeed> _feeds = new(StringComparer.Ordinal);
    private readonly PriorityQueue<HostFeed, DateTimeOffset> _next = new();
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private readonly RetryTime _retry = new();
    private DateTimeOffset _latest;
    private int _unread;
    private long _polledAt;
    private long _discoveredAt;

    private FleetReader(FleetQuery query, ConnectionMultiplexer redis)
    {
        _query = query;
        _redis = redis;
        _database = redis.GetDatabase();
    }

    /// <summary>The hosts that have a stream.</summary>
    public int Hosts => _feeds.Count;

    /// <summary>How many entries are missing in the streams; not known for a group.</summary>
    public long Missing => _feeds.Values.Sum(f => f.Missing);

    /// <summary>How many entries were not what an agent writes.</summary>
    public long Broken => _feeds.Values.Sum(f => f.Broken);

    /// <summary>How many events the hosts say they have lost.</summary>
    public long Lost => _feeds.Values.Sum(f => f.Lost);

    /// <summary>How many events came after later ones of another host.</summary>
    public long Late { get; private set; }

    /// <summary>Whether all has been taken and no more will come.</summary>
    public bool IsOver => !_query.Follow && _next.Count == 0 && _feeds.Values.All(f => f.IsAtEnd);

    private bool IsFailing => _retry.Told is not null;

    /// <summary>Connects and finds the hosts.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.RedisFailed"/>: Redis cannot be reached, or refuses. <see cref="XenErrorId.InvalidArgument"/>: it
    /// cannot be named like this.
    /// </exception>
    public static FleetReader Open(FleetQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        ConfigurationOptions options = query.Redis.ToOptions();
        try
        {
            FleetReader reader = new(query, ConnectionMultiplexer.Connect(options));
            reader.Discover();
            return reader;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw Failed(e);
        }
    }

    /// <summary>Takes the next event, if it is known which is the next one.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.RedisFailed"/>; while following, it tries again instead.</exception>
    public bool TryTake([NotNullWhen(true)] out VmEvent? vmEvent)
    {
        vmEvent = null;
        if (_retry.Left <= TimeSpan.Zero && (_unread > 0 || IsDue(_polledAt, PollPeriod))) Poll();
        if (!_next.TryPeek(out HostFeed? feed, out DateTimeOffset order) || !IsReady(feed, order)) return false;
        _next.Dequeue();
        vmEvent = feed.Take();
        if (order < _latest) Late++;
        else _latest = order;
        if (feed.Count > 0) _next.Enqueue(feed, feed.Next);
        else if (feed.IsUnread) _unread++;
        return true;
    }

    /// <summary>Waits until it is worth trying again.</summary>
    public void Wait(CancellationToken stop) => stop.WaitHandle.WaitOne(_retry.Left > PollPeriod / 2 ? _retry.Left : PollPeriod / 2);

    /// <summary>For a group: says that what was taken is done with, so that no other reader gets it.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.RedisFailed"/>; others of the group may get it again.</exception>
    public void Acknowledge()
    {
        if (_query.Group is not null) Attempt(() => Task.WhenAll(_feeds.Values.Select(f => f.AcknowledgeAsync())).GetAwaiter().GetResult());
    }

    /// <inheritdoc/>
    public void Dispose() => _redis.Dispose();

    private static bool IsDue(long since, TimeSpan period) => since == 0 || Stopwatch.GetElapsedTime(since) >= period;

    private static XenException Failed(Exception e) => new(
        XenErrorId.RedisFailed, RedisProblem.Of(e), "Name a Redis that runs, with a user who may read the streams.", e);

    /// <summary>
    /// Whether no earlier event of another host can come, or none is waited for any more. The host's clock may be wrong, so an
    /// event never waits longer than the window after it was read.
    /// </summary>
    private bool IsReady(HostFeed feed, DateTimeOffset order) =>
        (_unread == 0 || IsFailing)
        && (!_query.Follow || DateTimeOffset.UtcNow - order >= _query.Window || Stopwatch.GetElapsedTime(feed.NextArrivedAt) >= _query.Window);

    private void Poll()
    {
        Attempt(() =>
        {
            if (_query.Follow && IsDue(_discoveredAt, DiscoveryPeriod)) Discover();
            int most = Math.Clamp(MostAhead / Math.Max(1, _feeds.Count), LeastAhead, MostInRead);
            HostFeed[] hungry = [.. _feeds.Values.Where(f => f.Count < most / 2 && (_query.Follow || !f.IsAtEnd))];
            Task<StreamEntry[]>[] reads = [.. hungry.Select(f => f.ReadAsync(_database, most))];
            List<Exception> failures = [.. hungry.Zip(reads).Select(one => Add(one.First, one.Second, most)).OfType<Exception>()];
            if (failures.Count > 0) throw failures[0];
        });
        _unread = _feeds.Values.Count(f => f.IsUnread);
        _polledAt = Stopwatch.GetTimestamp();
    }

    /// <returns>Why nothing could be read; null if it could, or never can.</returns>
    private Exception? Add(HostFeed feed, Task<StreamEntry[]> read, int most)
    {
        bool wasEmpty = feed.Count == 0;
        try
        {
            feed.Add(read.GetAwaiter().GetResult(), most);
            if (wasEmpty && feed.Count > 0) _next.Enqueue(feed, feed.Next);
            return null;
        }
        catch (RedisServerException e) when (e.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal))
        {
            _query.Tell($"{feed.Host}: its key is not a stream.");
            if (wasEmpty) _feeds.Remove(feed.Host);
            _refused.Add(feed.Host);
            return null;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            return e;
        }
    }

    /// <summary>Finds hosts by the names of their streams.</summary>
    private void Discover()
    {
        foreach (IServer server in _redis.GetServers())
        {
            if (!server.IsConnected || server.IsReplica) continue;
            foreach (RedisKey key in server.Keys(_database.Database, $"{HostStream.Prefix}*", pageSize: 1000))
            {
                string host = ((string)key!)[HostStream.Prefix.Length..];
                if (_feeds.ContainsKey(host) || _refused.Contains(host)) continue;
                if (!HostStream.IsName(host)) _refused.Add(host);
                else if (FileSystemName.MatchesSimpleExpression(_query.Hosts, host, ignoreCase: false)) _feeds.Add(host, new HostFeed(host, _query, ShareOf(host)));
            }
        }

        _discoveredAt = Stopwatch.GetTimestamp();
    }

    private GroupShare? ShareOf(string host) => _query.Group is null ? null : new GroupShare(_database, _query, HostStream.KeyOf(host));

    /// <summary>Does something with Redis. While following, a failure is told once, and then tried again.</summary>
    private void Attempt(Action action)
    {
        try
        {
            action();
            if (IsFailing) _query.Tell("Redis can be read again.");
            _retry.Reset();
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            if (!_query.Follow) throw Failed(e);
            if (!IsFailing) _query.Tell($"{RedisProblem.Of(e)} It is tried again.");
            _retry.Told = XenErrorId.RedisFailed;
            _retry.Delay();
        }
    }
}
