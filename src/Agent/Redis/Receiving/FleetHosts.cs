using StackExchange.Redis;
using XenVmEvent.Monitoring;
using XenVmEvent.Recording;

namespace XenVmEvent.Agent;

/// <summary>Asks Redis what it has of each host of a fleet, some hosts at a time, in bounded memory.</summary>
public static class FleetHosts
{
    private const int MostAtOnce = 32;

    /// <summary>Of a quiet host the note of its agent is among these.</summary>
    private const int FirstLook = 16;

    /// <summary>Of a busy host it is among these; if not, then somebody else writes to the stream.</summary>
    private const int SecondLook = 1024;

    /// <summary>Reads them in the order of their names.</summary>
    /// <param name="settings">The Redis.</param>
    /// <param name="isWanted">Which hosts, by name.</param>
    /// <param name="tell">Told what is wrong with a host's stream, a sentence for people at a time.</param>
    /// <param name="stop">Ends whatever it waits for.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.RedisFailed"/>: Redis cannot be reached, or refuses. <see cref="XenErrorId.InvalidArgument"/>: it
    /// cannot be named like this.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static IEnumerable<FleetHost> Read(RedisSettings settings, Predicate<string> isWanted, Action<string> tell, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(isWanted);
        ArgumentNullException.ThrowIfNull(tell);
        using ConnectionMultiplexer redis = Attempt(() => settings.ConnectAsync(stop).GetAwaiter().GetResult());
        string[] hosts = Attempt(() => HostStream.FindHosts(redis).TakeWhile(_ => !stop.IsCancellationRequested).Where(host => isWanted(host)).Order(StringComparer.Ordinal).Distinct().ToArray());
        IDatabase database = redis.GetDatabase();
        foreach (string[] some in hosts.Chunk(MostAtOnce))
        {
            Task<FleetHost?>[] asked = [.. some.Select(host => AskAsync(database, host, tell))];
            foreach (FleetHost host in Attempt(() => Task.WhenAll(asked).WaitAsync(stop).GetAwaiter().GetResult()).OfType<FleetHost>()) yield return host;
        }
    }

    private static T Attempt<T>(Func<T> ask)
    {
        try
        {
            return ask();
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw RedisProblem.AsError(e);
        }
    }

    private static async Task<FleetHost?> AskAsync(IDatabase database, string host, Action<string> tell)
    {
        RedisKey key = HostStream.KeyOf(host);
        try
        {
            Task<long> length = database.StreamLengthAsync(key);
            Task<StreamGroupInfo[]> groups = database.StreamGroupInfoAsync(key);
            Task<DateTimeOffset> now = RedisClock.AskAsync(database);
            StreamTail tail = await ReadTailAsync(database, key).ConfigureAwait(false);
            TimeSpan? skew = tail.Note?.ClockSkew is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;
            return new FleetHost
            {
                HostName = host,
                LastEvent = tail.LastEvent,
                LastEntry = tail.LastEntry,
                Lag = tail.LastEntry is { } last ? Positive(await now.ConfigureAwait(false) - last + (skew ?? TimeSpan.Zero)) : null,
                AgentVersion = tail.Note?.Version,
                AgentStarted = tail.Note?.Started,
                PolicyHash = tail.Note?.PolicyHash,
                ClockSkew = skew,
                Entries = await length.ConfigureAwait(false),
                Groups = new TextList<FleetGroup>((await groups.ConfigureAwait(false)).Select(one => new FleetGroup
                {
                    Name = ForeignName.Of(one.Name),
                    Consumers = one.ConsumerCount,
                    Pending = one.PendingMessageCount,
                    Unread = one.Lag,
                })),
            };
        }
        catch (RedisServerException e) when (e.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal))
        {
            tell($"{host}: its key is not a stream.");
            return null;
        }
        catch (RedisServerException e) when (e.Message.Contains("no such key", StringComparison.Ordinal))
        {
            return null; // It was deleted meanwhile.
        }
    }

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;

    private static async Task<StreamTail> ReadTailAsync(IDatabase database, RedisKey key)
    {
        StreamTail tail = await ReadTailAsync(database, key, FirstLook).ConfigureAwait(false);
        return tail.IsWhole ? tail : await ReadTailAsync(database, key, SecondLook).ConfigureAwait(false);
    }

    private static async Task<StreamTail> ReadTailAsync(IDatabase database, RedisKey key, int most)
    {
        StreamEntry[] entries = await database.StreamRangeAsync(key, "-", "+", most, Order.Descending).ConfigureAwait(false);
        DateTimeOffset? lastEntry = null;
        DateTimeOffset? lastEvent = null;
        AgentNote? note = null;
        foreach (StreamEntry entry in entries)
        {
            if (!EntryId.TryParse((string?)entry.Id, out EntryId id)) continue;
            lastEntry ??= id.Time;
            if (HostStream.LineOf(entry) is not { } line) continue;
            if (line.AsSpan().StartsWith("{\"time\":"u8)) lastEvent ??= id.Time;
            else note ??= AgentNote.TryParse(line);
            if (lastEvent is not null && note is not null) break;
        }

        return new StreamTail(lastEntry, lastEvent, note, IsWhole: (lastEvent is not null && note is not null) || entries.Length < most);
    }

    /// <summary>What the end of a stream tells.</summary>
    private sealed record StreamTail(DateTimeOffset? LastEntry, DateTimeOffset? LastEvent, AgentNote? Note, bool IsWhole);
}
