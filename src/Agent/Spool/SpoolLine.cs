using System.Buffers;

namespace XenVmEvent.Agent;

/// <summary>A line of the spool: a recording's line that has the entry's id as its last field.</summary>
internal static class SpoolLine
{
    private static ReadOnlySpan<byte> BeforeId => ",\"id\":\""u8;

    private static ReadOnlySpan<byte> AfterId => "\"}"u8;

    /// <summary>Appends a line and its end.</summary>
    /// <exception cref="ArgumentException">The text is not one line of JSON, an object.</exception>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> line, EntryId id)
    {
        if (line is not [(byte)'{', _, .., (byte)'}'] || line.Contains((byte)'\n')) throw new ArgumentException("An entry is one line, a JSON object.", nameof(line));
        output.Write(line[..^1]);
        output.Write(BeforeId);
        output.Advance(id.Format(output.GetSpan(EntryId.Longest)));
        output.Write(AfterId);
        output.Write("\n"u8);
    }

    /// <summary>Finds the id, without looking at the rest.</summary>
    /// <param name="line">The line without its end.</param>
    /// <param name="length">The length of the recording's line without its last brace.</param>
    /// <param name="id">The id.</param>
    /// <returns>Whether it has one.</returns>
    public static bool TrySplit(ReadOnlySpan<byte> line, out int length, out EntryId id)
    {
        id = default;
        length = line.LastIndexOf(BeforeId);
        return length > 0 && line.EndsWith(AfterId) && line[0] == '{' && EntryId.TryParse(line[(length + BeforeId.Length)..^AfterId.Length], out id);
    }
}
