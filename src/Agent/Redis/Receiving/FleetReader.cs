using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
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
    private readonly CancellationToken _stop;
    private readonly ConnectionMultiplexer _redis;
    private readonly IDatabase _database;
    private readonly Dictionary<string, HostFeed> _feeds = new(StringComparer.Ordinal);
    private readonly PriorityQueue<HostFeed, DateTimeOffset> _next = new();
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private readonly RetryTime _retry = new();
    private HostFeed? _taken;
    private DateTimeOffset _latest;
    private int _unread;
    private long _polledAt;
    private long _discoveredAt;

    private FleetReader(FleetQuery query, ConnectionMultiplexer redis, CancellationToken stop)
    {
        _query = query;
        _stop = stop;
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
    /// <param name="query">What to receive.</param>
    /// <param name="stop">Ends whatever it waits for.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.RedisFailed"/>: Redis cannot be reached, or refuses. <see cref="XenErrorId.InvalidArgument"/>: it
    /// cannot be named like this.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static FleetReader Open(FleetQuery query, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(query);
        try
        {
            FleetReader reader = new(query, query.Redis.ConnectAsync(stop).GetAwaiter().GetResult(), stop);
            try
            {
                reader.Discover();
                return reader;
            }
            catch
            {
                reader.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw RedisProblem.AsError(e);
        }
    }

    /// <summary>Takes the next event, if it is known which is the next one.</summary>
    /// <returns>Whether there was one. False also if it was stopped.</returns>
    /// <exception cref="XenException"><see cref="XenErrorId.RedisFailed"/>; while following, it tries again instead.</exception>
    public bool TryTake([NotNullWhen(true)] out VmEvent? vmEvent)
    {
        vmEvent = null;
        try
        {
            if (_retry.Left <= TimeSpan.Zero && (_unread > 0 || IsDue(_polledAt, PollPeriod))) Poll();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return false;
        }

        if (!_next.TryPeek(out HostFeed? feed, out DateTimeOffset order) || !IsReady(feed, order)) return false;
        _next.Dequeue();
        vmEvent = feed.Take();
        _taken = feed;
        if (order < _latest) Late++;
        else _latest = order;
        if (feed.Count > 0) _next.Enqueue(feed, feed.Next);
        else if (feed.IsUnread) _unread++;
        return true;
    }

    /// <summary>Waits until it is worth trying again, or until it is stopped.</summary>
    public void Wait() => _stop.WaitHandle.WaitOne(_retry.Left > PollPeriod / 2 ? _retry.Left : PollPeriod / 2);

    /// <summary>Notes that the event that was taken last is done with.</summary>
    public void Settle() => _taken?.Settle();

    /// <summary>For a group: tells Redis what is done with, so that no other reader gets it. Works after it was stopped, too.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.RedisFailed"/>; others of the group may get it again.</exception>
    public void Acknowledge()
    {
        if (_query.Group is not null) Attempt(() => Task.WhenAll(_feeds.Values.Select(f => f.AcknowledgeAsync())).GetAwaiter().GetResult());
    }

    /// <summary>Tells of what the hosts have lost, as far as it was not told yet. No more is taken.</summary>
    public void TellLosses()
    {
        foreach (HostFeed feed in _feeds.Values) feed.TellLosses();
    }

    /// <inheritdoc/>
    public void Dispose() => _redis.Dispose();

    private static bool IsDue(long since, TimeSpan period) => since == 0 || Stopwatch.GetElapsedTime(since) >= period;

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
            feed.Add(read.WaitAsync(_stop).GetAwaiter().GetResult(), most);
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
        foreach (string host in HostStream.FindHosts(_redis))
        {
            _stop.ThrowIfCancellationRequested();
            if (!_feeds.ContainsKey(host) && !_refused.Contains(host) && _query.IsWantedHost(host)) _feeds.Add(host, new HostFeed(host, _query, ShareOf(host)));
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
            if (!_query.Follow) throw RedisProblem.AsError(e);
            if (!IsFailing) _query.Tell($"{RedisProblem.Of(e)} It is tried again.");
            _retry.Told = XenErrorId.RedisFailed;
            _retry.Delay();
        }
    }
}
