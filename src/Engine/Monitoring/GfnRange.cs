using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>A run of guest frame numbers.</summary>
public readonly record struct GfnRange
{
    /// <summary>One page.</summary>
    public GfnRange(ulong gfn) : this(gfn, gfn)
    {
    }

    /// <summary>The pages from first to last, both included.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidGfn"/>: they are in the wrong order.</exception>
    public GfnRange(ulong first, ulong last)
    {
        if (last < first) throw Invalid(NumberText.OfRange(first, last));
        First = first;
        Last = last;
    }

    /// <summary>The first page.</summary>
    public ulong First { get; }

    /// <summary>The last page.</summary>
    public ulong Last { get; }

    /// <summary>How many pages.</summary>
    public ulong Count => Last - First + 1;

    /// <summary>Whether a page is in the range.</summary>
    public bool Contains(ulong gfn) => gfn >= First && gfn <= Last;

    /// <summary>Reads <c>0x400</c> or <c>0x400-0x43f</c>; numbers without 0x are decimal.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidGfn"/>: it is neither.</exception>
    public static GfnRange Parse(string text) =>
        NumberText.TryParseRange(text, out ulong first, out ulong last) ? new GfnRange(first, last) : throw Invalid(text);

    /// <summary>Reads ranges separated by commas.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidGfn"/>: one of them is not a range.</exception>
    public static IReadOnlyList<GfnRange> ParseList(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. text.Split(',').Select(Parse)];
    }

    /// <inheritdoc/>
    public override string ToString() => NumberText.OfRange(First, Last);

    private static XenException Invalid(string text) =>
        new(XenErrorId.InvalidGfn,
            $"'{text}' is not a range of guest frame numbers.",
            "Write ranges as 0x400 or 0x400-0x43f, the lower number first.");
}
