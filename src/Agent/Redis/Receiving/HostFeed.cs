using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;
using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.Agent;

/// <summary>
/// What one host's stream has for a reader. Anybody who may write the stream can put anything into it, so every entry is
/// checked, and what is not an event is counted and told.
/// </summary>
internal sealed class HostFeed(string host, FleetQuery query, GroupShare? share)
{
    /// <summary>So many sentences about one host are told; more would hide those about others.</summary>
    private const int MostTold = 50;

    /// <summary>Losses are told at once, and then no more often: a policy's limit may keep events back all the time.</summary>
    private static readonly TimeSpan LossPeriod = TimeSpan.FromMinutes(1);

    private readonly EventLineReader _lines = new(host: host);
    private readonly Queue<Arrival> _events = new();
    private RedisValue _position = query.FirstPosition;
    private EntryId? _last;
    private long _lossesTold;
    private long _lossesToldAt;
    private DateTimeOffset _latest;
    private RedisValue _taken;
    private int _told;
    private int _broken;
    private string? _whyBroken;

    public string Host => host;

    public RedisKey Key { get; } = HostStream.KeyOf(host);

    /// <summary>Whether the last read came to the stream's end.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>Whether the next event is in Redis.</summary>
    public bool IsUnread => Count == 0 && !IsAtEnd;

    /// <summary>How many events wait to be taken.</summary>
    public int Count => _events.Count;

    /// <summary>How many entries are missing in the stream.</summary>
    public long Missing { get; private set; }

    /// <summary>How many entries were not what an agent writes.</summary>
    public long Broken { get; private set; }

    /// <summary>How many events the host says it has lost.</summary>
    public long Lost => _lines.Losses.Events;

    /// <summary>The next event's place among those of other hosts: its time, or that of an earlier one if that is later.</summary>
    public DateTimeOffset Next => _events.Peek().Order;

    /// <summary>When the next event was read, on the clock of timestamps.</summary>
    public long NextArrivedAt => _events.Peek().At;

    /// <summary>Takes the next event.</summary>
    public VmEvent Take()
    {
        Arrival arrival = _events.Dequeue();
        _taken = arrival.Id;
        return arrival.Event;
    }

    /// <summary>Notes that the event that was taken last is done with.</summary>
    public void Settle() => share?.Settle(_taken);

    /// <summary>Reads the next entries.</summary>
    public Task<StreamEntry[]> ReadAsync(IDatabase database, int most) => share?.ReadAsync(most) ?? database.StreamReadAsync(Key, _position, most);

    /// <summary>Adds entries that were read, and tells what is wrong with them.</summary>
    public void Add(StreamEntry[] entries, int most)
    {
        long now = Stopwatch.GetTimestamp();
        foreach (StreamEntry entry in entries)
        {
            if (ToEvent(entry) is { } vmEvent)
            {
                _latest = vmEvent.Time > _latest ? vmEvent.Time : _latest;
                _events.Enqueue(new Arrival(vmEvent, entry.Id, _latest, now));
            }
            else
            {
                share?.Settle(entry.Id);
            }
        }

        if (entries.Length > 0) _position = entries[^1].Id;
        IsAtEnd = share?.IsAtEnd ?? entries.Length < most;
        TellBroken();
        if (_lossesToldAt == 0 || Stopwatch.GetElapsedTime(_lossesToldAt) >= LossPeriod) TellLosses();
    }

    /// <summary>Tells what the host has lost since it was told last.</summary>
    public void TellLosses()
    {
        foreach (IGrouping<(string Domain, LossReason Reason), EventLoss> losses in _lines.Losses.Since(ref _lossesTold).GroupBy(loss => (loss.Domain, loss.Reason)))
        {
            long events = losses.Sum(loss => loss.Events);
            string times = $"between {Text(losses.Min(loss => loss.From))} and {Text(losses.Max(loss => loss.To))}";
            Tell($"{(events == 1 ? "1 event" : $"{events} events")} of {losses.Key.Domain} {times} {(events == 1 ? "is" : "are")} missing: {losses.Key.Reason}.");
            _lossesToldAt = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Tells Redis which of the entries for this reader are done with.</summary>
    public Task AcknowledgeAsync() => share?.AcknowledgeAsync() ?? Task.CompletedTask;

    private VmEvent? ToEvent(StreamEntry entry)
    {
        if (!EntryId.TryParse((string?)entry.Id, out EntryId id)) return Break("its id is not one of Redis");
        if (entry.Values is not { Length: 1 } || entry.Values[0].Name != HostStream.Field) return Break("it does not have the one field 'line'");
        if (HostStream.LineOf(entry) is not { } line) return Break("it is longer than an event's line can be");
        AgentNote? note = AgentNote.TryParse(line);
        VmEvent? vmEvent = null;
        try
        {
            if (note is null) vmEvent = _lines.Read(line);
        }
        catch (FormatException e)
        {
            return Break(e.Message);
        }

        if (share is null) Check(id); // Others of a group get what is between.
        if (note is { Complete: false })
            Tell($"the agent was killed or the machine went down. Events between {Text(note.Previous)} and {Text(note.Started)} may be missing.");
        return vmEvent is not null && IsWanted(vmEvent) ? vmEvent : null;
    }

    private bool IsWanted(VmEvent vmEvent) =>
        (query.Kinds.Count == 0 || query.Kinds.Contains(vmEvent.Kind)) && query.IsWantedDomain(vmEvent.Domain);

    /// <summary>Finds out whether entries are missing before one of the host's own.</summary>
    private void Check(EntryId id)
    {
        if (_last is { } last && id.Sequence != last.Sequence + 1)
        {
            if (id.Spool != last.Spool)
            {
                Tell($"a new spool begins at {Text(id.Time)}. What waited in the one before is not known; if this comes again and again, two hosts have this name.");
            }
            else if (id.Number > last.Number)
            {
                long missing = (long)(id.Number - last.Number - 1);
                Missing += missing;
                Tell($"{(missing == 1 ? "1 entry is" : $"{missing} entries are")} missing between {Text(last.Time)} and {Text(id.Time)}.");
            }
            else
            {
                Tell($"the count goes back from {last.Number} to {id.Number} at {Text(id.Time)}. The host lost the end of its spool, or somebody else writes to its stream.");
            }
        }

        _last = id;
    }

    private VmEvent? Break(string why)
    {
        _broken++;
        Broken++;
        _whyBroken ??= why;
        return null;
    }

    private void TellBroken()
    {
        if (_broken > 0) Tell($"{(_broken == 1 ? "1 entry is not what an agent writes and is" : $"{_broken} entries are not what an agent writes and are")} left out; of the first: {_whyBroken?.TrimEnd('.')}.");
        _broken = 0;
        _whyBroken = null;
    }

    private static string Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) ?? "";

    private void Tell(string what)
    {
        if (++_told <= MostTold) query.Tell($"{host}: {what}");
        if (_told == MostTold) query.Tell($"{host}: whatever else is wrong is only counted.");
    }

    private readonly record struct Arrival(VmEvent Event, RedisValue Id, DateTimeOffset Order, long At);
}
