using System.Buffers;

namespace XenVmEvent.Agent;

/// <summary>Entries that were read from the spool, in order.</summary>
/// <param name="buffer">The memory of their lines, of the shared pool.</param>
internal sealed class SpoolBatch(byte[] buffer)
{
    /// <summary>Its entries; there is at least one.</summary>
    public List<SpoolEntry> Entries { get; } = [];

    public EntryId Last => Entries[^1].Id;

    /// <summary>How many of the entries are events; the others are notes.</summary>
    public int Events { get; private set; }

    public void Add(SpoolEntry entry)
    {
        Entries.Add(entry);
        if (entry.Line.Span.StartsWith("{\"time\":"u8)) Events++;
    }

    /// <summary>Gives the memory back: nobody reads the lines any more.</summary>
    public void Release() => ArrayPool<byte>.Shared.Return(buffer);
}

/// <summary>An entry of the spool.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Line">Its line of a recording, without the end of the line.</param>
internal readonly record struct SpoolEntry(EntryId Id, ReadOnlyMemory<byte> Line);
