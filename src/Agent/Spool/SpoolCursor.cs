using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Agent;

/// <summary>The place at which a spool is read: a segment, and how far in it.</summary>
internal sealed class SpoolCursor : IDisposable
{
    private SafeFileHandle? _file;
    private long _at;

    /// <summary>The segment; null: none was read yet.</summary>
    public SpoolSegment? Segment { get; private set; }

    /// <summary>How many bytes of the segment were not read yet.</summary>
    public long Left => Segment is null ? 0 : Segment.Length - _at;

    /// <summary>How many lines were damaged.</summary>
    public long Damaged { get; private set; }

    /// <summary>Goes to a place.</summary>
    /// <exception cref="IOException">The disk fails.</exception>
    public void MoveTo(SpoolSegment segment, long offset = 0)
    {
        if (segment != Segment)
        {
            _file?.Dispose();
            _file = File.OpenHandle(segment.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }

        Segment = segment;
        _at = offset;
    }

    /// <summary>Reads on.</summary>
    /// <param name="available">How many bytes there are from here on.</param>
    /// <param name="mostEntries">How many entries to read at most.</param>
    /// <param name="mostBytes">About how many bytes to read at most.</param>
    /// <param name="sentAs">Gives the id under which an entry is sent.</param>
    /// <returns>The entries; null if what was read is damaged.</returns>
    /// <exception cref="IOException">The disk fails.</exception>
    public SpoolBatch? Read(long available, int mostEntries, int mostBytes, Func<EntryId, EntryId> sentAs)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(available, mostBytes));
        int count = RandomAccess.Read(_file!, buffer.AsSpan(0, (int)Math.Min(available, buffer.Length)), _at);
        SpoolBatch batch = new(buffer);
        int used = Split(buffer, count, mostEntries, sentAs, batch);
        _at += used;
        if (batch.Entries.Count > 0) return batch;
        int longer = buffer.Length * 2;
        batch.Release();
        if (used > 0) return null;
        if (count > 0 && count < available) return Read(available, mostEntries, longer, sentAs); // The line is longer than the buffer.

        // Somebody has damaged the end of the file.
        Damaged++;
        _at += available;
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    /// <returns>How many bytes were split.</returns>
    private int Split(byte[] buffer, int count, int most, Func<EntryId, EntryId> sentAs, SpoolBatch batch)
    {
        int start = 0;
        while (batch.Entries.Count < most)
        {
            int length = buffer.AsSpan(start, count - start).IndexOf((byte)'\n');
            if (length < 0) break;
            if (SpoolLine.TrySplit(buffer.AsSpan(start, length), out int end, out EntryId id))
            {
                buffer[start + end] = (byte)'}';
                batch.Add(new SpoolEntry(sentAs(id), buffer.AsMemory(start, end + 1)));
            }
            else
            {
                Damaged++;
            }

            start += length + 1;
        }

        return start;
    }
}
