namespace XenVmEvent.Events;

/// <summary>A range of addresses or register values: unsigned, 64 bits.</summary>
public readonly record struct AddressRange
{
    /// <summary>One address.</summary>
    public AddressRange(ulong address) : this(address, address)
    {
    }

    /// <summary>The addresses from first to last, both included.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidArgument"/>: the last is below the first.
    /// </exception>
    public AddressRange(ulong first, ulong last)
    {
        if (last < first) throw Invalid(NumberText.OfRange(first, last));
        First = first;
        Last = last;
    }

    /// <summary>The first address.</summary>
    public ulong First { get; }

    /// <summary>The last address.</summary>
    public ulong Last { get; }

    /// <summary>
    /// Reads addresses and ranges, separated by commas: <c>0xffffffff81a00000</c> or <c>0x401000-0x401fff</c>. Numbers
    /// without 0x are decimal.
    /// </summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidArgument"/>: one is neither.</exception>
    public static IReadOnlyList<AddressRange> ParseList(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. text.Split(',').Select(Parse)];
    }

    /// <summary>Removes addresses from ranges.</summary>
    /// <param name="ranges">The ranges. No ranges means all addresses.</param>
    /// <param name="excluded">The addresses to remove.</param>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidArgument"/>: none is left.</exception>
    public static IReadOnlyList<AddressRange> Except(IReadOnlyList<AddressRange> ranges, IReadOnlyList<AddressRange> excluded)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        ArgumentNullException.ThrowIfNull(excluded);
        if (excluded.Count == 0) return ranges;
        List<AddressRange> left = ranges.Count > 0 ? [.. ranges] : [new AddressRange(0, ulong.MaxValue)];
        foreach (AddressRange hole in excluded) left = [.. left.SelectMany(range => range.Without(hole))];
        return left.Count > 0 ? left : throw NoneLeft();
    }

    /// <summary>The addresses that are in both lists.</summary>
    /// <param name="some">No ranges means all addresses.</param>
    /// <param name="others">No ranges means all addresses.</param>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidArgument"/>: there are none.</exception>
    public static IReadOnlyList<AddressRange> Intersect(IReadOnlyList<AddressRange> some, IReadOnlyList<AddressRange> others)
    {
        ArgumentNullException.ThrowIfNull(some);
        ArgumentNullException.ThrowIfNull(others);
        if (some.Count == 0) return others;
        if (others.Count == 0) return some;
        AddressRange[] both = [.. from one in some
                                  from other in others
                                  where one.First <= other.Last && other.First <= one.Last
                                  select new AddressRange(Math.Max(one.First, other.First), Math.Min(one.Last, other.Last))];
        return both.Length > 0 ? both : throw NoneLeft();
    }

    /// <inheritdoc/>
    public override string ToString() => NumberText.OfRange(First, Last);

    /// <summary>The same addresses in order and without overlaps, for <see cref="Contain"/>.</summary>
    internal static AddressRange[] Merge(IEnumerable<AddressRange> ranges)
    {
        List<AddressRange> merged = [];
        foreach (AddressRange range in ranges.OrderBy(r => r.First))
        {
            if (merged.Count == 0 || merged[^1].Last < range.First) merged.Add(range);
            else if (merged[^1].Last < range.Last) merged[^1] = new AddressRange(merged[^1].First, range.Last);
        }

        return [.. merged];
    }

    /// <summary>Whether an address is in one of the ranges that <see cref="Merge"/> has made.</summary>
    internal static bool Contain(AddressRange[] merged, ulong address)
    {
        int low = 0;
        int high = merged.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (address < merged[middle].First) high = middle - 1;
            else if (address > merged[middle].Last) low = middle + 1;
            else return true;
        }

        return false;
    }

    private IEnumerable<AddressRange> Without(AddressRange hole)
    {
        if (hole.Last < First || hole.First > Last)
        {
            yield return this;
            yield break;
        }

        if (hole.First > First) yield return new AddressRange(First, hole.First - 1);
        if (hole.Last < Last) yield return new AddressRange(hole.Last + 1, Last);
    }

    private static AddressRange Parse(string text) =>
        NumberText.TryParseRange(text, out ulong first, out ulong last) ? new AddressRange(first, last) : throw Invalid(text);

    private static XenException NoneLeft() => new(
        XenErrorId.InvalidArgument, "No event could be shown: together the filters leave no address.", "Leave one of them out.");

    private static XenException Invalid(string text) => new(
        XenErrorId.InvalidArgument,
        $"'{text}' is neither an address nor a range of them.",
        "Write 0xffffffff81a00000 or 0x401000-0x401fff, the lower address first.");
}
