using System.Buffers;
using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>
/// Events that wait to be taken, in order: a limited number in memory, and the rest in a file that only this process
/// sees. Events that cannot be written or read back are lost; they are counted and recorded with the losses of their
/// session. For any thread.
/// </summary>
public sealed class EventSpool : IDisposable
{
    /// <summary>Events that go to the disk and come back together.</summary>
    private const int ChunkSize = 1024;

    private static readonly VmEvent?[] AllLost = new VmEvent?[ChunkSize];

    private readonly Lock _gate = new();
    private readonly SpoolFile _file;
    private readonly int _mostInMemory;
    private readonly List<Chunk> _chunks = [];
    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly EventLineWriter _writer;
    private readonly EventLineReader _reader;
    private readonly Dictionary<(uint DomainId, string Domain), LossLog> _losses = [];
    private int _taken;
    private int _inMemory;
    private long _count;
    private long _lost;
    private long _spilled;
    private bool _isDisposed;

    /// <summary>Makes an empty spool.</summary>
    /// <param name="mostInMemory">About how many events are kept in memory, at least a few thousand.</param>
    /// <param name="folder">The folder of the file for the others, which is made once there are any.</param>
    /// <param name="reservedBytes">How much space on its disk is left to others.</param>
    public EventSpool(int mostInMemory, string folder, long reservedBytes)
    {
        _mostInMemory = Math.Max(mostInMemory / ChunkSize, 2);
        _file = new SpoolFile(folder, reservedBytes);
        _writer = new EventLineWriter(_lines);
        _reader = new EventLineReader(lossesOf: (id, domain) => _losses.GetValueOrDefault((id, domain)));
    }

    /// <summary>How many events wait, including those lost meanwhile.</summary>
    public long Count
    {
        get
        {
            lock (_gate) return _count;
        }
    }

    /// <summary>How many went to the disk.</summary>
    public long Spilled => Volatile.Read(ref _spilled);

    /// <summary>How many events are lost: they could not be written or read back.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>The reason for the last loss; null if there was none.</summary>
    public string? WhyLost { get; private set; }

    /// <summary>Adds an event.</summary>
    public void Add(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        lock (_gate)
        {
            if (_isDisposed) return;
            if (_chunks is not [.., { IsFull: false }])
            {
                _chunks.Add(new Chunk());
                _inMemory++;

                // Not the one that was just filled: Xen may not have been told the last answers yet.
                if (_inMemory > _mostInMemory && _chunks is [_, .., var full, _, _] && full.Events is not null) Spill(full);
            }

            _chunks[^1].Add(vmEvent);
            _count++;
        }
    }

    /// <summary>Takes the oldest event.</summary>
    /// <returns>The event; null if it is lost, or none waits.</returns>
    public VmEvent? Take()
    {
        lock (_gate)
        {
            if (_count == 0) return null;
            Chunk head = _chunks[0];
            VmEvent? vmEvent = EventsOf(head)[_taken++];
            _count--;
            if (_taken == head.Count && head.IsFull) RemoveHead();
            return vmEvent;
        }
    }

    /// <summary>The event at a position in the queue; it keeps waiting.</summary>
    /// <returns>The event; null if it is lost.</returns>
    public VmEvent? Peek(long index)
    {
        lock (_gate)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _count);
            (long chunk, long place) = Math.DivRem(_taken + index, ChunkSize);
            return EventsOf(_chunks[(int)chunk])[(int)place];
        }
    }

    /// <summary>Discards what is left.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _chunks.Clear();
            _count = 0;
            _file.Dispose();
            _writer.Dispose();
        }
    }

    private void RemoveHead()
    {
        if (_chunks[0].Events is not null) _inMemory--;
        _chunks.RemoveAt(0);
        _taken = 0;
        if (_chunks.TrueForAll(c => c.Lines is null)) _file.Empty();
    }

    private void Spill(Chunk chunk)
    {
        VmEvent?[] events = chunk.Events!;
        chunk.Losses = LossesOf(events);
        _lines.ResetWrittenCount();
        foreach (VmEvent? vmEvent in events)
        {
            if (vmEvent is not null) _writer.Write(vmEvent);
        }

        chunk.Events = null;
        _inMemory--;
        try
        {
            chunk.Lines = _file.Write(_lines.WrittenSpan);
            _spilled += ChunkSize;
        }
        catch (IOException e)
        {
            Lose(chunk, e);
        }
    }

    private VmEvent?[] EventsOf(Chunk chunk)
    {
        if (chunk.Events is { } events) return events;
        if (chunk.Lines is not { } lines) return AllLost;

        // The one being read is kept as it was read; any other that was read is dropped.
        foreach (Chunk other in _chunks)
        {
            if (other.Events is null || other.Lines is null || other == _chunks[0]) continue;
            other.Events = null;
            _inMemory--;
        }

        try
        {
            chunk.Events = Parse(_file.Read(lines));
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            Lose(chunk, e);
            chunk.Events = AllLost;
        }

        _inMemory++;
        return chunk.Events;
    }

    private VmEvent?[] Parse(ReadOnlySpan<byte> lines)
    {
        VmEvent?[] events = new VmEvent?[ChunkSize];
        int count = 0;
        foreach (Range line in lines.Split((byte)'\n'))
        {
            if (lines[line].IsEmpty) continue;
            if (count == events.Length) throw new FormatException("there are more events than were written");
            events[count++] = _reader.Read(lines[line]);
        }

        return events;
    }

    private void Lose(Chunk chunk, Exception why)
    {
        WhyLost = why.Message;
        foreach ((LossLog log, EventLoss loss) in chunk.Losses)
        {
            log.Add(loss);
            Volatile.Write(ref _lost, _lost + loss.Events);
        }

        chunk.Losses = [];
        chunk.Lines = null;
    }

    /// <summary>What is lost if these events are.</summary>
    private List<(LossLog, EventLoss)> LossesOf(VmEvent?[] events)
    {
        List<(LossLog, EventLoss)> losses = [];
        foreach (IGrouping<LossLog, VmEvent> group in events.OfType<VmEvent>().GroupBy(e => e.Losses))
        {
            VmEvent first = group.First();
            _losses[(first.DomainId, first.Domain)] = group.Key;
            losses.Add((group.Key, new EventLoss(first.Domain, first.DomainId, LossReason.DiskFailed, group.Count(), first.Time, group.Last().Time)));
        }

        return losses;
    }

    /// <summary>
    /// Events in memory, or their lines on the disk, or after reading both; neither when they are lost.
    /// </summary>
    private sealed class Chunk
    {
        public VmEvent?[]? Events { get; set; } = new VmEvent?[ChunkSize];

        public int Count { get; private set; }

        public bool IsFull => Count == ChunkSize;

        public (long Offset, int Length)? Lines { get; set; }

        public List<(LossLog Log, EventLoss Loss)> Losses { get; set; } = [];

        public void Add(VmEvent vmEvent) => Events![Count++] = vmEvent;
    }
}
