using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Agent;

/// <summary>
/// What waits to be sent, in a folder of files that stay if the process or the machine ends. Lines are a recording's, each
/// with its id. A file is deleted when all of it has arrived, and a little later: if the other side loses what it had
/// confirmed last, it is sent again. What is appended is on the disk itself a second later, for the case that the machine
/// loses its power. One process at a time has the folder. One thread appends, another one reads.
/// </summary>
internal sealed class Spool : IDisposable
{
    /// <summary>How long files stay after all of them has arrived.</summary>
    public static readonly TimeSpan Afterlife = TimeSpan.FromSeconds(10);

    private const int LargestSegment = 8 << 20;
    private const int SmallestSegment = 64 << 10;
    private const int SegmentsInLimit = 16;

    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly SpoolFolder _folder;
    private readonly SpoolNotes _notes;
    private readonly SpoolTail _tail = new();
    private readonly SpoolFlusher _flusher;
    private readonly SpoolCursor _cursor = new();
    private readonly long _limit;
    private readonly List<SpoolSegment> _segments = [];
    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly SemaphoreSlim _arrived = new(0, 1);
    private AgentNote? _startNote;
    private EntryId _last;
    private ulong _floor;
    private ulong _acknowledged;
    private ulong _lastRead;

    /// <summary>Opens the folder, and makes it if it is not there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="limit">The largest size of its files in bytes.</param>
    /// <param name="clock">The clock of the ids; null: the system's.</param>
    /// <param name="agent">What the notes among the entries say of the agent; null: nothing, and there is no note but the first.</param>
    /// <exception cref="IOException">It cannot be read or written, or another process has it.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public Spool(string folder, long limit, TimeProvider? clock = null, AgentIdentity? agent = null)
    {
        _limit = limit;
        _clock = clock ?? TimeProvider.System;
        _notes = new SpoolNotes(agent, _clock.GetUtcNow());
        _folder = new SpoolFolder(folder);
        try
        {
            Recover();
        }
        catch
        {
            _folder.Dispose();
            throw;
        }

        _flusher = new SpoolFlusher(TakeUnflushed);
    }

    /// <summary>The size of its files in bytes.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate) return _segments.Sum(s => s.Length);
        }
    }

    /// <summary>How many entries have not arrived yet.</summary>
    public long Waiting
    {
        get
        {
            lock (_gate) return (long)(_last.Sequence - _acknowledged);
        }
    }

    /// <summary>How many entries have not been read since they came, or were to be read again.</summary>
    public long Unread
    {
        get
        {
            lock (_gate) return (long)(_last.Sequence - _lastRead);
        }
    }

    /// <summary>How many lines were damaged on the disk. A reader of the stream sees that they are missing.</summary>
    public long Damaged => _cursor.Damaged;

    private int SegmentSize => (int)Math.Clamp(_limit / SegmentsInLimit, SmallestSegment, LargestSegment);

    /// <summary>Adds all of a batch, or nothing.</summary>
    /// <returns>Whether there was room.</returns>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public bool TryAppend(IReadOnlyList<OutgoingEvent> batch)
    {
        lock (_gate)
        {
            bool isNoteDue = batch.Count > 0 && _notes.IsDue;
            IEnumerable<ReadOnlyMemory<byte>> lines = batch.Select(e => e.Line);
            if (!TryAppend(isNoteDue ? lines.Prepend(_notes.Next().ToLine()) : lines)) return false;
            _notes.Count(batch.Count, isNoteDue);
        }

        return true;
    }

    /// <summary>Adds a note of what the agent is, if there is room.</summary>
    /// <param name="clockSkew">How far the host's clock is ahead of that of Redis, in milliseconds; null: not known.</param>
    public void AppendNote(double? clockSkew)
    {
        if (!_notes.Follow) return;
        lock (_gate)
        {
            _notes.ClockSkew = clockSkew;
            try
            {
                if (TryAppend([_notes.Next().ToLine()])) _notes.Count(0, afterNote: true);
            }
            catch (IOException)
            {
                // It is not worth more than events: what a failing disk refuses, the next batch of them reports.
            }
        }
    }

    /// <summary>Deletes files that have arrived.</summary>
    public void Tidy()
    {
        lock (_gate) DeleteAcknowledged(Afterlife);
    }

    /// <summary>Waits until there may be something to read.</summary>
    public Task WaitAsync(TimeSpan longest, CancellationToken stop) => _arrived.WaitAsync(longest, stop);

    /// <summary>Reads the next entries.</summary>
    /// <param name="mostEntries">How many at most.</param>
    /// <param name="mostBytes">About how many bytes at most.</param>
    /// <returns>The entries; null if there are none at present.</returns>
    /// <exception cref="IOException">The disk fails.</exception>
    public SpoolBatch? Read(int mostEntries, int mostBytes)
    {
        while (true)
        {
            long available;
            lock (_gate)
            {
                if (_cursor.Segment is not { } segment) _cursor.MoveTo(_segments[0]);
                else if (_cursor.Left <= 0 && segment != _segments[^1]) _cursor.MoveTo(_segments[_segments.IndexOf(segment) + 1]);
                available = _cursor.Left;
            }

            if (available <= 0) return null;
            if (_cursor.Read(available, mostEntries, mostBytes, Raised) is not { } batch) continue;
            _lastRead = batch.Last.Sequence;
            return batch;
        }
    }

    /// <summary>Notes that everything up to an entry has arrived.</summary>
    public void Acknowledge(EntryId entry)
    {
        lock (_gate) AcknowledgeUpTo(entry.Sequence);
    }

    /// <summary>Whether an entry is older than all that is here.</summary>
    public bool IsBeforeAll(EntryId entry)
    {
        lock (_gate) return entry < Raised(_segments[0].First);
    }

    /// <summary>The last entry of ours before another one; null if there is none.</summary>
    /// <exception cref="IOException">The disk fails.</exception>
    public EntryId? LastBefore(EntryId entry)
    {
        lock (_gate)
        {
            SpoolSegment? segment = _segments.FindLast(s => Raised(s.First) < entry);
            return segment is null ? null : Raised(segment.LastWhile(id => Raised(id) < entry).Id);
        }
    }

    /// <summary>
    /// Goes on reading after an entry that has arrived, with all before it. This may be further back than where it was: the
    /// other side has lost what it had confirmed.
    /// </summary>
    /// <returns>Whether the entry is here; if not, nothing has changed.</returns>
    /// <exception cref="IOException">The disk fails.</exception>
    public bool TryResumeAfter(EntryId entry)
    {
        lock (_gate)
        {
            SpoolSegment? segment = _segments.FindLast(s => Raised(s.First) <= entry);
            if (segment is null) return false;
            (EntryId id, long end) = segment.LastWhile(id => Raised(id) <= entry);
            if (Raised(id) != entry) return false;
            Resume(segment, end, entry.Sequence);
            return true;
        }
    }

    /// <summary>Reads again everything that is here.</summary>
    public void ResumeFromOldest()
    {
        lock (_gate) Resume(_segments[0], 0, _segments[0].First.Sequence - 1);
    }

    /// <summary>Reads again everything that has not arrived.</summary>
    public void ResumeAfterAcknowledged()
    {
        lock (_gate)
        {
            SpoolSegment segment = _segments.Find(s => s.Last.Sequence > _acknowledged) ?? _segments[^1];
            Resume(segment, segment.LastWhile(id => id.Sequence <= _acknowledged).End, _acknowledged);
        }
    }

    /// <summary>
    /// Raises the ids of all entries that have not arrived above a time: the stream has a later entry, which is not ours.
    /// </summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public void RaiseAbove(ulong milliseconds)
    {
        lock (_gate)
        {
            _floor = Math.Max(_floor, checked(milliseconds + 1));
            _folder.WriteFloor(_floor);
            _last = Raised(_last);
            ResumeAfterAcknowledged();
        }
    }

    /// <summary>Closes it. What waits is sent by the next process that opens it.</summary>
    public void Dispose()
    {
        _flusher.Dispose();
        lock (_gate)
        {
            _tail.Dispose();
            _cursor.Dispose();
            if (_startNote is null) _folder.MarkClosed();
            _folder.Dispose();
        }
    }

    private (SafeFileHandle[] Full, SafeFileHandle? Last) TakeUnflushed()
    {
        lock (_gate) return _tail.TakeUnflushed();
    }

    /// <summary>Takes over what the last process left, and notes how that one ended.</summary>
    private void Recover()
    {
        bool isNew = true;
        _floor = _folder.ReadFloor();
        foreach (string path in _folder.Segments)
        {
            isNew = false;
            if (SpoolSegment.Recover(path) is { } segment) _segments.Add(segment);
            else File.Delete(path);
        }

        _last = _segments.Count > 0 ? Raised(_segments[^1].Last) : EntryId.BeforeNewSpool();
        _acknowledged = _segments.Count > 0 ? _segments[0].First.Sequence - 1 : _last.Sequence;
        _lastRead = _acknowledged;
        DateTimeOffset? previous = _segments.Count > 0 ? _segments[^1].Last.Time : null;
        _startNote = _notes.Next() with { Previous = previous, Complete = isNew || _folder.WasClosed };
        try
        {
            Append(Encode([]));
        }
        catch (IOException) when (_segments is [{ Length: > 0 }, ..])
        {
            // The disk is full. What is here is sent, and the note comes before the next event.
        }

        _folder.MarkOpen();
    }

    private bool TryAppend(IEnumerable<ReadOnlyMemory<byte>> lines)
    {
        EntryId last = Encode(lines);
        if (!Fits())
        {
            DeleteAcknowledged(TimeSpan.Zero);
            if (!Fits()) return false;
        }

        try
        {
            Append(last);
        }
        catch (IOException)
        {
            // The disk may be full of what has arrived.
            if (!DeleteAcknowledged(TimeSpan.Zero)) throw;
            Append(last);
        }

        return true;
    }

    private bool Fits() => _segments.Sum(s => s.Length) + _lines.WrittenCount <= _limit;

    /// <returns>The id of the last one.</returns>
    private EntryId Encode(IEnumerable<ReadOnlyMemory<byte>> lines)
    {
        _lines.ResetWrittenCount();
        ulong now = (ulong)Math.Max(0, _clock.GetUtcNow().ToUnixTimeMilliseconds());
        EntryId last = _last;
        foreach (ReadOnlyMemory<byte> line in _startNote is { } note ? lines.Prepend(note.ToLine()) : lines)
        {
            last = new EntryId(Math.Max(Math.Max(now, _floor), last.Milliseconds), last.Sequence + 1);
            SpoolLine.Write(_lines, line.Span, last);
        }

        return last;
    }

    private void Append(EntryId last)
    {
        if (_lines.WrittenCount == 0) return;
        if (!_tail.IsOpen || _segments[^1].Length >= SegmentSize) Begin(new EntryId(last.Milliseconds, _last.Sequence + 1));
        SpoolSegment segment = _segments[^1];
        _tail.Append(segment, _lines.WrittenSpan);
        _startNote = null;
        segment.Last = _last = last;
        segment.AcknowledgedAt = null;
        if (_arrived.CurrentCount == 0) _arrived.Release();
    }

    private void Begin(EntryId first)
    {
        SpoolSegment segment = new(_folder.Path, first) { Last = first };
        _tail.Begin(segment);
        _segments.Add(segment);
    }

    /// <summary>The id under which an entry is sent.</summary>
    private EntryId Raised(EntryId id) => id.Milliseconds < _floor ? id with { Milliseconds = _floor } : id;

    private void Resume(SpoolSegment segment, long offset, ulong acknowledged)
    {
        _cursor.MoveTo(segment, offset);
        _acknowledged = _lastRead = acknowledged;
        foreach (SpoolSegment later in _segments.Where(s => s.Last.Sequence > acknowledged)) later.AcknowledgedAt = null;
        AcknowledgeUpTo(acknowledged);
        if (_arrived.CurrentCount == 0) _arrived.Release();
    }

    private void AcknowledgeUpTo(ulong sequence)
    {
        _acknowledged = Math.Max(_acknowledged, sequence);
        foreach (SpoolSegment segment in _segments)
        {
            if (segment.Last.Sequence <= _acknowledged) segment.AcknowledgedAt ??= _clock.GetTimestamp();
        }
    }

    /// <returns>Whether there was something to delete.</returns>
    private bool DeleteAcknowledged(TimeSpan after)
    {
        int before = _segments.Count;
        while (_segments is [{ AcknowledgedAt: { } at } oldest, _, ..] && oldest != _cursor.Segment && _clock.GetElapsedTime(at) >= after)
        {
            File.Delete(oldest.Path);
            _segments.RemoveAt(0);
        }

        return _segments.Count < before;
    }
}
