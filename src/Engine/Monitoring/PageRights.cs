using System.Diagnostics;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The access rights that page watches take from the guest: of each page, what all watches together want to see, less
/// what was seen already. Used by the pump's thread.
/// </summary>
internal sealed class PageRights(IDomainMonitor monitor)
{
    /// <summary>Pages handled in one step, so that events need not wait long for the next.</summary>
    private const uint PagesPerStep = 4096;

    private readonly List<WatchedPages> _watches = [];

    /// <summary>Of each vCPU, the page whose access Xen was last asked to emulate.</summary>
    private readonly Dictionary<uint, ulong> _emulated = [];

    private readonly Queue<(ulong Gfn, long At)> _lifted = [];

    /// <summary>What a page, and a new page, has when nobody watches.</summary>
    private MemAccess _unrestricted = MemAccess.Rwx;

    /// <summary>How long a page keeps its rights for an instruction that Xen cannot emulate.</summary>
    public static TimeSpan Moment { get; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Whether a page waits to be restricted again.</summary>
    public bool HasLifted => _lifted.Count > 0;

    /// <summary>Adds a watch and restricts its pages, a step at a time.</summary>
    public IEnumerable<int> Add(PageWatch watch)
    {
        if (_watches.Count == 0) _unrestricted = monitor.DefaultMemAccess;
        GfnRange[] ranges = RangesOf(watch);
        foreach (GfnRange range in ranges)
        {
            if (range.Last > monitor.MaximumGfn) throw OutOfDomain(range);
        }

        _watches.Add(new WatchedPages(watch, ranges));
        return Apply(ranges);
    }

    /// <summary>
    /// Removes a watch and gives its pages back what no other watch takes, a step at a time. Left before the last step,
    /// it can be done again from the first.
    /// </summary>
    public IEnumerable<int> Remove(PageWatch watch)
    {
        WatchedPages? leaving = _watches.Find(w => ReferenceEquals(w.Watch, watch));
        if (leaving is null) yield break;
        leaving.IsLeaving = true;
        foreach (int pages in Apply(leaving.Ranges)) yield return pages;
        _watches.Remove(leaving);
    }

    /// <summary>Lets an access that raised an event go on.</summary>
    /// <returns>False when the page stays restricted, and the instruction has to be emulated.</returns>
    public bool Release(uint vcpu, ulong gfn, PageAccess access)
    {
        if (StaysRestricted(gfn, access))
        {
            _emulated[vcpu] = gfn;
            return false;
        }

        bool seen = false;
        foreach (WatchedPages watch in _watches)
        {
            if (watch.Watch.Covers(gfn, access)) seen |= watch.Seen.Add(gfn);
        }

        // An access that nobody asked for may be stopped because hardware has no finer restriction: the page stays watched.
        MemAccess rights = RightsOf(gfn);
        bool allowed = Allows(rights, access);
        if (allowed || seen) monitor.SetMemAccess(rights, gfn, 1);
        if (!allowed) _emulated[vcpu] = gfn;
        return allowed;
    }

    /// <summary>
    /// Xen could not emulate the instruction, and would give the guest an exception for it: its page gets its rights for
    /// a moment, in which the instruction runs, and nobody sees what else touches the page.
    /// </summary>
    public void LiftForAMoment(uint vcpu)
    {
        if (!_emulated.Remove(vcpu, out ulong gfn)) return;
        monitor.SetMemAccess(_unrestricted, gfn, 1);
        _lifted.Enqueue((gfn, Stopwatch.GetTimestamp()));
    }

    /// <summary>Restricts pages again whose moment is over.</summary>
    public void RestrictLifted()
    {
        while (_lifted.TryPeek(out (ulong Gfn, long At) page) && Stopwatch.GetElapsedTime(page.At) >= Moment)
        {
            _lifted.Dequeue();
            monitor.SetMemAccess(RightsOf(page.Gfn), page.Gfn, 1);
        }
    }

    /// <summary>Whether a watch wants to see this access of the page each time. No lambda: it would be two objects an event.</summary>
    private bool StaysRestricted(ulong gfn, PageAccess access)
    {
        foreach (WatchedPages watch in _watches)
        {
            if (watch.Watch.Repeat && watch.Restricts(gfn) && watch.Watch.Covers(gfn, access)) return true;
        }

        return false;
    }

    private static bool Allows(MemAccess rights, PageAccess access) =>
        rights is > MemAccess.Rwx || ((int)rights & (int)access) == (int)access;

    /// <summary>The rights that leave just the accesses not watched.</summary>
    /// <remarks>
    /// Intel's page tables know no right to write without the right to read: such an entry kills the guest. So who
    /// watches reads gets writes as well, and its filter leaves them out.
    /// </remarks>
    private MemAccess RightsWithout(PageAccess watched)
    {
        if (watched == PageAccess.None) return _unrestricted;
        if ((watched & PageAccess.Read) != 0) watched |= PageAccess.Write;
        return (MemAccess)(~(int)watched & (int)MemAccess.Rwx);
    }

    private GfnRange[] RangesOf(PageWatch watch) =>
        watch.Ranges.Count > 0 ? [.. watch.Ranges] : [new GfnRange(0, monitor.MaximumGfn)];

    private IEnumerable<int> Apply(GfnRange[] ranges)
    {
        MemAccess forNewPages = RightsOfNewPages();
        if (monitor.DefaultMemAccess != forNewPages) monitor.DefaultMemAccess = forNewPages;
        foreach (GfnRange range in ranges)
        {
            ulong gfn = range.First;
            while (true)
            {
                MemAccess rights = RightsOf(gfn);
                uint count = 1;
                while (count < PagesPerStep && gfn + count <= range.Last && RightsOf(gfn + count) == rights) count++;
                monitor.SetMemAccess(rights, gfn, count);
                yield return (int)count;
                if (range.Last - gfn < count) break;
                gfn += count;
            }
        }
    }

    private MemAccess RightsOf(ulong gfn)
    {
        PageAccess watched = PageAccess.None;
        foreach (WatchedPages watch in _watches)
        {
            if (watch.Restricts(gfn)) watched |= watch.Watch.Access;
        }

        return RightsWithout(watched);
    }

    private MemAccess RightsOfNewPages()
    {
        PageAccess watched = PageAccess.None;
        foreach (WatchedPages watch in _watches)
        {
            if (watch.Watch.Ranges.Count == 0 && !watch.IsLeaving) watched |= watch.Watch.Access;
        }

        return RightsWithout(watched);
    }

    private XenException OutOfDomain(GfnRange range) =>
        new(XenErrorId.InvalidGfn,
            $"The domain has no pages {range}: its highest guest frame number is 0x{monitor.MaximumGfn:x}.",
            "Name pages that the domain has.");
}
