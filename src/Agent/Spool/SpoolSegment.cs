using System.Globalization;

namespace XenVmEvent.Agent;

/// <summary>A file of the spool. Its name is the id of its first entry.</summary>
internal sealed class SpoolSegment(string folder, EntryId first)
{
    public const string Pattern = "*-*.jsonl";

    /// <summary>Digits of any number of 64 bits, so that names sort as ids do.</summary>
    private const string Digits = "D20";

    public string Path { get; } = System.IO.Path.Combine(
        folder, string.Create(CultureInfo.InvariantCulture, $"{first.Milliseconds.ToString(Digits, CultureInfo.InvariantCulture)}-{first.Sequence.ToString(Digits, CultureInfo.InvariantCulture)}.jsonl"));

    public EntryId First { get; } = first;

    /// <summary>The id of its last entry, as it was given.</summary>
    public EntryId Last { get; set; }

    /// <summary>The length of its whole lines in bytes.</summary>
    public long Length { get; set; }

    /// <summary>When its last entry had arrived, on the clock of timestamps; null: not yet.</summary>
    public long? AcknowledgedAt { get; set; }

    /// <summary>Finds the last entry of a file that a process left behind, and cuts what lies after it.</summary>
    /// <returns>The segment; null if the file has no entry.</returns>
    /// <exception cref="IOException">The file cannot be read or cut.</exception>
    public static SpoolSegment? Recover(string path)
    {
        if (!EntryId.TryParse(System.IO.Path.GetFileNameWithoutExtension(path), out EntryId first)) return null;
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        for (long window = Math.Min(1 << 16, file.Length); window > 0; window = window == file.Length ? 0 : Math.Min(window * 2, file.Length))
        {
            byte[] tail = new byte[window];
            file.Position = file.Length - window;
            file.ReadExactly(tail);
            int end = LastEntry(tail, out EntryId last);
            if (end < 0) continue;
            long length = file.Length - window + end;
            if (length < file.Length) file.SetLength(length);
            return new SpoolSegment(System.IO.Path.GetDirectoryName(path)!, first) { Last = last, Length = length };
        }

        return null;
    }

    /// <summary>Finds the last of the first entries for which something holds.</summary>
    /// <returns>Its id and where it ends; nothing, at 0, if there is none.</returns>
    /// <exception cref="IOException">The disk fails.</exception>
    public (EntryId Id, long End) LastWhile(Predicate<EntryId> holds)
    {
        using FileStream file = new(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[Length];
        int read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        (EntryId, long) found = default;
        int start = 0;
        while (bytes.AsSpan(start, read - start).IndexOf((byte)'\n') is var length and >= 0)
        {
            if (SpoolLine.TrySplit(bytes.AsSpan(start, length), out _, out EntryId id))
            {
                if (!holds(id)) break;
                found = (id, start + length + 1);
            }

            start += length + 1;
        }

        return found;
    }

    /// <returns>Where the last whole entry ends; negative if there is none.</returns>
    private static int LastEntry(ReadOnlySpan<byte> lines, out EntryId id)
    {
        id = default;
        int end = lines.LastIndexOf((byte)'\n');
        while (end >= 0)
        {
            int start = lines[..end].LastIndexOf((byte)'\n') + 1;
            if (SpoolLine.TrySplit(lines[start..end], out _, out id)) return end + 1;
            end = start - 1;
        }

        return -1;
    }
}
