using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>The access of pages in one view as Xen has it. Used by the pump's thread.</summary>
/// <param name="monitor">The domain's monitor.</param>
/// <param name="view">The view; 0 is the host's own, and permissions set there apply to all.</param>
internal sealed class ViewPages(IDomainMonitor monitor, ushort view)
{
    /// <summary>
    /// Pages asked about in one step, with one call each, so that events need not wait long for the next step.
    /// </summary>
    public const int QuestionsPerStep = 256;

    /// <summary>The view.</summary>
    public ushort View { get; } = view;

    /// <summary>The access of a page; null if the domain has no memory there.</summary>
    public MemAccess? Get(ulong gfn) =>
        View == 0 ? monitor.GetMemAccess(gfn) : monitor.AltP2m.GetMemAccess(View, gfn) ?? monitor.GetMemAccess(gfn);

    /// <summary>Sets the access of pages, each to its own, with one call.</summary>
    public void Set(ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access)
    {
        if (View != 0) monitor.AltP2m.SetMemAccess(View, gfns, access);

        // A run is set without a list of its pages.
        else if (IsRun(gfns, access)) monitor.SetMemAccess(access[0], gfns[0], (uint)gfns.Length);
        else monitor.SetMemAccess(gfns, access);
    }

    /// <summary>Reads what Xen has for these pages, one step at a time.</summary>
    /// <param name="ranges">The pages; none means all.</param>
    /// <param name="result">
    /// Receives runs of pages with the same permissions; pages without memory are left out.
    /// </param>
    public IEnumerable<int> Read(IReadOnlyList<GfnRange> ranges, List<MemAccessRange> result)
    {
        if (ranges.Count == 0) ranges = [new GfnRange(0, monitor.MaximumGfn)];
        EnsureExist(ranges);
        int asked = 0;
        foreach (GfnRange range in ranges)
        {
            MemAccessRange? run = null;
            for (ulong gfn = range.First; ; gfn++)
            {
                MemAccess? access = Get(gfn);
                if (run is { } one && one.Access != access)
                {
                    result.Add(one);
                    run = null;
                }

                if (access is { } own) run = new MemAccessRange(new GfnRange(run?.Gfn.First ?? gfn, gfn), own);
                if (++asked % QuestionsPerStep == 0) yield return QuestionsPerStep;
                if (gfn == range.Last) break;
            }

            if (run is { } last) result.Add(last);
        }
    }

    /// <summary>Refuses pages that the domain does not have, and more pages than it can have.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidGfn"/>.</exception>
    public void EnsureExist(IReadOnlyList<GfnRange> ranges)
    {
        ulong highest = monitor.MaximumGfn;
        foreach (GfnRange range in ranges)
        {
            if (range.Last <= highest) continue;
            throw new XenException(
                XenErrorId.InvalidGfn,
                $"The domain has no pages {range}: its highest guest frame number is 0x{highest:x}.",
                "Name pages that the domain has.");
        }

        MemoryBound.Ensure(monitor, ranges);
    }

    private static bool IsRun(ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access)
    {
        for (int i = 1; i < gfns.Length; i++)
        {
            if (gfns[i] != gfns[i - 1] + 1 || access[i] != access[0]) return false;
        }

        return true;
    }
}
