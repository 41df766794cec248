using StackExchange.Redis;

namespace XenVmEvent.Agent;

/// <summary>
/// Appends entries to a stream if it ends where it should. Redis does all of it or nothing, so a batch that was sent twice
/// is stored once, one that came too late is refused, and no error can leave a hole between two entries. The answer is the
/// id of the stream's last entry, which tells the sender where to go on.
/// </summary>
/// <param name="key">The stream.</param>
/// <param name="mostEntries">About how many entries it keeps; null: all.</param>
/// <param name="longestAge">About how long it keeps them; null: for ever.</param>
internal sealed class AppendScript(RedisKey key, long? mostEntries, TimeSpan? longestAge)
{
    /// <summary>
    /// ARGV: the expected last id, the most entries, the least milliseconds of an id, then ids and lines. Trimming comes
    /// last, because Redis lets a script that has written anything go on when memory is short.
    /// </summary>
    private const string Text = """
        local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
        local last = '0-0'
        if info.err then
          if not string.find(info.err, 'no such key', 1, true) then return info end
        else
          for i = 1, #info, 2 do
            if info[i] == 'last-generated-id' then last = info[i + 1] end
          end
        end
        if last ~= ARGV[1] then return last end
        local call, key = redis.call, KEYS[1]
        for i = 4, #ARGV, 2 do
          last = call('XADD', key, ARGV[i], 'line', ARGV[i + 1])
        end
        if ARGV[2] ~= '' then call('XTRIM', key, 'MAXLEN', '~', ARGV[2]) end
        if ARGV[3] ~= '' then call('XTRIM', key, 'MINID', '~', ARGV[3]) end
        return last
        """;

    private const int FirstEntry = 3;

    private readonly RedisKey[] _keys = [key];

    /// <summary>The id of the stream's last entry; 0-0 if there never was one.</summary>
    public Task<EntryId> FindLastAsync(IDatabase database) => EvaluateAsync(database, ["none", "", ""]);

    /// <summary>Appends a batch to a stream that ends with an entry.</summary>
    /// <returns>The id of the stream's last entry: that of the batch if it was appended, another one if not.</returns>
    public Task<EntryId> AppendAsync(IDatabase database, EntryId after, SpoolBatch batch)
    {
        RedisValue[] arguments = new RedisValue[FirstEntry + (batch.Entries.Count * 2)];
        arguments[0] = after.ToString();
        arguments[1] = mostEntries ?? RedisValue.EmptyString;
        arguments[2] = longestAge is { } age ? Math.Max(0, (long)batch.Last.Milliseconds - (long)age.TotalMilliseconds) : RedisValue.EmptyString;
        byte[] ids = new byte[batch.Entries.Count * EntryId.Longest];
        int used = 0;
        for (int i = 0; i < batch.Entries.Count; i++)
        {
            SpoolEntry entry = batch.Entries[i];
            int length = entry.Id.Format(ids.AsSpan(used));
            arguments[FirstEntry + (i * 2)] = ids.AsMemory(used, length);
            arguments[FirstEntry + (i * 2) + 1] = entry.Line;
            used += length;
        }

        return EvaluateAsync(database, arguments);
    }

    private async Task<EntryId> EvaluateAsync(IDatabase database, RedisValue[] arguments)
    {
        RedisResult result = await database.ScriptEvaluateAsync(Text, _keys, arguments, CommandFlags.DemandMaster | CommandFlags.NoScriptCache).ConfigureAwait(false);
        return EntryId.TryParse((string?)result, out EntryId id) ? id : throw new InvalidDataException($"Redis answered '{result}' instead of an id.");
    }
}
