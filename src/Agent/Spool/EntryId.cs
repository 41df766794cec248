using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace XenVmEvent.Agent;

/// <summary>
/// The name of an entry in a host's stream, as Redis writes it: <c>milliseconds-sequence</c>. It is given once, when the
/// entry goes into the spool. The sequence counts the spool's entries without a gap, so that a reader sees whether one is
/// missing. The milliseconds never go back, whatever the clock does, so each id is greater than those before it.
/// </summary>
/// <param name="Milliseconds">Since 1970 in UTC, by the host's clock.</param>
/// <param name="Sequence">The number of the entry, and which spool counts.</param>
public readonly record struct EntryId(ulong Milliseconds, ulong Sequence) : IComparable<EntryId>
{
    /// <summary>The length of the longest id in characters.</summary>
    internal const int Longest = 41;

    /// <summary>
    /// Of the sequence, so many bits are the number. Those above are a number by chance that each spool gives itself: two
    /// hosts with one name, or one whose spool was deleted, have no id in common.
    /// </summary>
    private const int NumberBits = 44;

    /// <summary>The number of the entry in its spool, from 1.</summary>
    public ulong Number => Sequence & ((1UL << NumberBits) - 1);

    /// <summary>Which spool counts.</summary>
    public uint Spool => (uint)(Sequence >> NumberBits);

    /// <summary>The time by the host's clock; the latest possible one if there is no such time.</summary>
    public DateTimeOffset Time => Milliseconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
        ? DateTimeOffset.FromUnixTimeMilliseconds((long)Milliseconds)
        : DateTimeOffset.MaxValue;

    /// <summary>Whether the first id is the lesser one.</summary>
    public static bool operator <(EntryId left, EntryId right) => left.CompareTo(right) < 0;

    /// <summary>Whether the first id is the greater one.</summary>
    public static bool operator >(EntryId left, EntryId right) => left.CompareTo(right) > 0;

    /// <summary>Whether the first id is not the greater one.</summary>
    public static bool operator <=(EntryId left, EntryId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the first id is not the lesser one.</summary>
    public static bool operator >=(EntryId left, EntryId right) => left.CompareTo(right) >= 0;

    /// <summary>Reads an id.</summary>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out EntryId id)
    {
        id = default;
        if (!Utf8Parser.TryParse(text, out ulong milliseconds, out int used) || used >= text.Length || text[used] != '-') return false;
        ReadOnlySpan<byte> rest = text[(used + 1)..];
        if (!Utf8Parser.TryParse(rest, out ulong sequence, out used) || used != rest.Length) return false;
        id = new EntryId(milliseconds, sequence);
        return true;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte}, out EntryId)"/>
    public static bool TryParse(string? text, out EntryId id)
    {
        id = default;
        return text is { Length: <= Longest } && TryParse(Encoding.UTF8.GetBytes(text), out id);
    }

    /// <inheritdoc/>
    public int CompareTo(EntryId other) => Milliseconds != other.Milliseconds ? Milliseconds.CompareTo(other.Milliseconds) : Sequence.CompareTo(other.Sequence);

    /// <inheritdoc/>
    public override string ToString() => $"{Milliseconds}-{Sequence}";

    /// <summary>What comes before the first entry of a new spool.</summary>
    internal static EntryId BeforeNewSpool() => new(0, (ulong)RandomNumberGenerator.GetInt32(1, 1 << (64 - NumberBits)) << NumberBits);

    /// <summary>Writes it in UTF-8.</summary>
    /// <returns>How many bytes it took.</returns>
    internal int Format(Span<byte> text)
    {
        Utf8Formatter.TryFormat(Milliseconds, text, out int used);
        text[used++] = (byte)'-';
        Utf8Formatter.TryFormat(Sequence, text[used..], out int more);
        return used + more;
    }
}
