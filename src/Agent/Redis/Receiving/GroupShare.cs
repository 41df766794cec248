using System.Diagnostics;
using StackExchange.Redis;

namespace XenVmEvent.Agent;

/// <summary>
/// A reader's share of one stream: what it had been given before and did not acknowledge, then what others left, then new
/// entries.
/// </summary>
internal sealed class GroupShare(IDatabase database, FleetQuery query, RedisKey key)
{
    /// <summary>Entries that this reader has and that are not acknowledged.</summary>
    private readonly HashSet<RedisValue> _held = [];

    private readonly List<RedisValue> _done = [];
    private RedisValue _ownPosition = "0-0";
    private RedisValue _claimPosition = "0-0";
    private long _claimedAt;
    private bool _hasOwn = true;
    private bool _isMember;

    /// <summary>Whether the last read found nothing more.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>The next entries for this reader.</summary>
    public async Task<StreamEntry[]> ReadAsync(int most)
    {
        if (!_isMember) await JoinAsync().ConfigureAwait(false);
        _isMember = true;
        IsAtEnd = false;
        StreamEntry[] entries = await ReadOwnAsync(most).ConfigureAwait(false)
            ?? await TakeOverAsync(most).ConfigureAwait(false)
            ?? await ReadNewAsync(most).ConfigureAwait(false);

        // An entry that was trimmed before anybody had acknowledged it has nothing in it any more.
        _done.AddRange(entries.Where(e => e.Values is not { Length: > 0 }).Select(e => e.Id));
        return [.. entries.Where(e => e.Values is { Length: > 0 } && _held.Add(e.Id))];
    }

    /// <summary>Notes that an entry is done with.</summary>
    public void Settle(RedisValue id) => _done.Add(id);

    /// <summary>Tells Redis what is done with.</summary>
    public async Task AcknowledgeAsync()
    {
        if (_done.Count == 0) return;
        RedisValue[] ids = [.. _done];
        await database.StreamAcknowledgeAsync(key, query.Group, ids).ConfigureAwait(false);
        _done.RemoveRange(0, ids.Length);
        _held.ExceptWith(ids);
    }

    private async Task JoinAsync()
    {
        try
        {
            await database.StreamCreateConsumerGroupAsync(key, query.Group, query.FirstPosition, createStream: false).ConfigureAwait(false);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("BUSYGROUP", StringComparison.Ordinal))
        {
            // It is there already.
        }
    }

    private async Task<StreamEntry[]?> ReadOwnAsync(int most)
    {
        if (!_hasOwn) return null;
        StreamEntry[] own = await database.StreamReadGroupAsync(key, query.Group, query.Consumer, _ownPosition, most).ConfigureAwait(false);
        _hasOwn = own.Length > 0;
        if (!_hasOwn) return null;
        _ownPosition = own[^1].Id;
        return own;
    }

    private async Task<StreamEntry[]?> TakeOverAsync(int most)
    {
        if (_claimedAt != 0 && Stopwatch.GetElapsedTime(_claimedAt) < query.TakeOverAfter / 2) return null;
        StreamAutoClaimResult left = await database.StreamAutoClaimAsync(
            key, query.Group, query.Consumer, (long)query.TakeOverAfter.TotalMilliseconds, _claimPosition, most).ConfigureAwait(false);
        _claimPosition = left.NextStartId;
        if (_claimPosition == "0-0") _claimedAt = Stopwatch.GetTimestamp();
        return left.ClaimedEntries.Any(e => !_held.Contains(e.Id)) ? left.ClaimedEntries : null;
    }

    private async Task<StreamEntry[]> ReadNewAsync(int most)
    {
        try
        {
            StreamEntry[] entries = await database.StreamReadGroupAsync(key, query.Group, query.Consumer, StreamPosition.NewMessages, most).ConfigureAwait(false);
            IsAtEnd = entries.Length < most;
            return entries;
        }
        catch (RedisServerException e) when (e.Message.StartsWith("NOGROUP", StringComparison.Ordinal))
        {
            // The stream was deleted, and with it the group.
            _isMember = false;
            IsAtEnd = true;
            return [];
        }
    }
}
