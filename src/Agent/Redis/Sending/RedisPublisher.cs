using System.Diagnostics;
using StackExchange.Redis;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Agent;

/// <summary>
/// Sends what is in a spool to a stream, in order, and goes on by itself after any failure. It keeps several batches on the
/// way. Each is appended only if the one before it is there.
/// </summary>
internal sealed class RedisPublisher : IDisposable
{
    private const int MostInBatch = 128;
    private const int MostBytesInBatch = 128 << 10;
    private const int MostOnTheWay = 8;

    /// <summary>Among so many entries of somebody else an own one is looked for.</summary>
    private const int MostToSearch = 1000;

    private static readonly TimeSpan RivalShown = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan NotePeriod = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan TidyPeriod = TimeSpan.FromSeconds(1);

    /// <summary>So long entries gather before they are sent: Redis has a price for a batch too.</summary>
    private static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(100);

    /// <summary>So often an idle host looks whether what was confirmed last is still there.</summary>
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(2);

    /// <summary>So long the end waits for what a working Redis has not confirmed yet.</summary>
    private static readonly TimeSpan LastTime = TimeSpan.FromSeconds(1);

    private readonly RedisSettings _settings;
    private readonly Spool _spool;
    private readonly RedisKey _key;
    private readonly AppendScript _script;
    private readonly CancellationTokenSource _stop = new();
    private readonly Queue<(SpoolBatch Batch, Task<EntryId> Answer)> _sent = [];
    private readonly RetryTime _retry = new();
    private readonly Task _run;
    private ConnectionMultiplexer? _redis;
    private EntryId _end;
    private long _sentAt;
    private long _tidiedAt;
    private long _lookedAt;
    private long _delivered;
    private volatile string? _problem;
    private volatile bool _isEnding;
    private long _rivalAt;
    private long _notedAt;

    public RedisPublisher(RedisOutputSettings settings, Spool spool)
    {
        _settings = settings.Redis;
        _spool = spool;
        _key = HostStream.KeyOf(settings.HostName);
        _script = new AppendScript(_key, settings.MostEntries, settings.LongestAge);
        _run = Task.Run(RunAsync);
    }

    /// <summary>How many events have arrived since the start.</summary>
    public long Delivered => Volatile.Read(ref _delivered);

    /// <summary>Why nothing arrives; null if it does.</summary>
    public string? Problem => _problem ?? (_rivalAt != 0 && Stopwatch.GetElapsedTime(_rivalAt) < RivalShown
        ? $"Somebody else writes to the stream {_key} too. Give each host a name of its own, and nobody but this host the right to write its stream."
        : null);

    /// <summary>Whether there is a whole batch to send, or enough time has passed since the last one.</summary>
    private bool IsDue => _spool.Unread >= MostInBatch || Stopwatch.GetElapsedTime(_sentAt) >= GatherTime || _isEnding;

    /// <summary>
    /// Sends what waits, if Redis takes it now, and stops. What is on the way then may still arrive; the next process finds
    /// out.
    /// </summary>
    public void Dispose()
    {
        _isEnding = true;
        SpinWait.SpinUntil(() => _spool.Waiting == 0 || _problem is not null, LastTime);
        _stop.Cancel();
        _run.GetAwaiter().GetResult();
        _redis?.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                IDatabase database = await ConnectAsync().ConfigureAwait(false);
                await ResumeAsync(database, await _script.FindLastAsync(database).WaitAsync(_stop.Token).ConfigureAwait(false)).ConfigureAwait(false);
                while (!_stop.IsCancellationRequested) await PublishAsync(database).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
            }
            catch (Exception e)
            {
                _problem = RedisProblem.Of(e);
                _sent.Clear();
                await PauseAsync(e).ConfigureAwait(false);
            }
        }
    }

    private async Task<IDatabase> ConnectAsync()
    {
        if (_redis is not null) return _redis.GetDatabase();
        _redis = await _settings.ConnectAsync(_stop.Token).ConfigureAwait(false);
        return _redis.GetDatabase();
    }

    private async Task PublishAsync(IDatabase database)
    {
        if (_notedAt == 0 || Stopwatch.GetElapsedTime(_notedAt) >= NotePeriod)
        {
            // A quiet host says so, and one that does not say anything any more has another reason.
            _spool.AppendNote(await RedisClock.CompareAsync(database).WaitAsync(_stop.Token).ConfigureAwait(false));
            _notedAt = Stopwatch.GetTimestamp();
        }

        while (_sent.Count < MostOnTheWay && IsDue && _spool.Read(MostInBatch, MostBytesInBatch) is { } batch)
        {
            _sent.Enqueue((batch, _script.AppendAsync(database, _end, batch)));
            _end = batch.Last;
            _sentAt = Stopwatch.GetTimestamp();
        }

        Tidy();
        if (_sent.Count == 0)
        {
            await _spool.WaitAsync(_spool.Unread > 0 ? GatherTime : TidyPeriod, _stop.Token).ConfigureAwait(false);
            await LookAsync(database).ConfigureAwait(false);
            return;
        }

        (SpoolBatch first, Task<EntryId> answer) = _sent.Peek();
        EntryId last = await answer.WaitAsync(_stop.Token).ConfigureAwait(false);
        if (last != first.Last)
        {
            // Those behind it are refused too: each comes only after the one before.
            _sent.Clear();
            await ResumeAsync(database, last).ConfigureAwait(false);
            return;
        }

        _sent.Dequeue();
        Volatile.Write(ref _delivered, _delivered + first.Events);
        first.Release();
        _spool.Acknowledge(last);
        _problem = null;
        _retry.Reset();
    }

    /// <summary>
    /// Looks whether the stream still ends where it should, for as long as Redis may lose what it has confirmed: with nothing
    /// to send, nobody else would notice.
    /// </summary>
    private async Task LookAsync(IDatabase database)
    {
        if (Stopwatch.GetElapsedTime(_sentAt) > Spool.Afterlife || Stopwatch.GetElapsedTime(Math.Max(_sentAt, _lookedAt)) < LookPeriod) return;
        _lookedAt = Stopwatch.GetTimestamp();
        EntryId last = await _script.FindLastAsync(database).WaitAsync(_stop.Token).ConfigureAwait(false);
        if (last != _end) await ResumeAsync(database, last).ConfigureAwait(false);
        _problem = null;
    }

    private void Tidy()
    {
        if (Stopwatch.GetElapsedTime(_tidiedAt) < TidyPeriod) return;
        _spool.Tidy();
        _tidiedAt = Stopwatch.GetTimestamp();
    }

    /// <summary>Finds where to go on in a stream that ends with an entry.</summary>
    private async Task ResumeAsync(IDatabase database, EntryId last)
    {
        _end = last;
        if (_spool.TryResumeAfter(last)) return;
        if (_spool.IsBeforeAll(last))
        {
            _spool.ResumeFromOldest();
            return;
        }

        // It is not ours, and ours have to come after it: all but those that are there already.
        _rivalAt = Stopwatch.GetTimestamp();
        if (!await ResumeAfterNewestAsync(database, last).ConfigureAwait(false)) _spool.ResumeAfterAcknowledged();
        _spool.RaiseAbove(last.Milliseconds);
    }

    private async Task<bool> ResumeAfterNewestAsync(IDatabase database, EntryId before)
    {
        if (_spool.LastBefore(before) is not { } newest) return false;
        StreamEntry[] stored = await database.StreamRangeAsync(_key, "-", newest.ToString(), MostToSearch, Order.Descending, CommandFlags.DemandMaster).ConfigureAwait(false);
        foreach (StreamEntry entry in stored)
        {
            if (EntryId.TryParse((string?)entry.Id, out EntryId id) && _spool.TryResumeAfter(id)) return true;
        }

        return false;
    }

    /// <summary>Waits longer after each failure, and not as long as the next host does.</summary>
    private async Task PauseAsync(Exception failure)
    {
        // A new connection has the password as it is now, and finds a server that has moved. One that answers nothing may wait
        // for a minute before it tries its network again.
        if (_redis is { } redis && (!redis.IsConnected || failure is RedisTimeoutException or TimeoutException))
        {
            _redis = null;
            await redis.CloseAsync(allowCommandsToComplete: false).ConfigureAwait(false);
            await redis.DisposeAsync().ConfigureAwait(false);
        }

        try
        {
            _retry.Delay();
            await Task.Delay(_retry.Left * (0.5 + (Random.Shared.NextDouble() / 2)), _stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
