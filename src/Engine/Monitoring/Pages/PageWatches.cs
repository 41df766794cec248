using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The watches on the pages of a view, and what they ask for together. Loops and not lambdas, which would cost two objects
/// per event.
/// </summary>
internal sealed class PageWatches
{
    private readonly List<WatchedPages> _all = [];

    /// <summary>Whether there is any.</summary>
    public bool Any => _all.Count > 0;

    /// <summary>What they take from pages that Xen populates from now on.</summary>
    public PageAccess AccessToNewPages
    {
        get
        {
            PageAccess watched = PageAccess.None;
            foreach (WatchedPages one in _all)
            {
                if (one.Watch.Ranges.Count == 0 && !one.IsLeaving) watched |= one.Watch.Access;
            }

            return watched;
        }
    }

    public void Add(WatchedPages one) => _all.Add(one);

    public void Remove(WatchedPages one) => _all.Remove(one);

    /// <summary>The one of a watch; null if there is none.</summary>
    public WatchedPages? Find(PageWatch watch) => _all.Find(one => ReferenceEquals(one.Watch, watch));

    /// <summary>Whether there is one on a page.</summary>
    public bool Cover(ulong gfn) => _all.Exists(one => one.Watch.Covers(gfn));

    /// <summary>What they take from a page.</summary>
    public PageAccess AccessTo(ulong gfn)
    {
        PageAccess watched = PageAccess.None;
        foreach (WatchedPages one in _all)
        {
            if (one.Restricts(gfn)) watched |= one.Watch.Access;
        }

        return watched;
    }

    /// <summary>The same, but for those that only hide breakpoints.</summary>
    public PageAccess AccessAskedForTo(ulong gfn)
    {
        PageAccess watched = PageAccess.None;
        foreach (WatchedPages one in _all)
        {
            if (!one.Watch.HidesBreakpoints && one.Restricts(gfn)) watched |= one.Watch.Access;
        }

        return watched;
    }

    /// <summary>Whether events of such accesses to a page are asked for, and do not come only because breakpoints are hidden there.</summary>
    public bool AskFor(ulong gfn, PageAccess access)
    {
        foreach (WatchedPages one in _all)
        {
            if (!one.Watch.HidesBreakpoints && one.Restricts(gfn) && one.Watch.Covers(gfn, access)) return true;
        }

        return false;
    }

    /// <summary>Whether one wants to see such accesses to a page again.</summary>
    public bool Keep(RequestReader request, ulong gfn, PageAccess access)
    {
        foreach (WatchedPages one in _all)
        {
            if (one.Keeps(request, gfn, access)) return true;
        }

        return false;
    }

    /// <summary>Notes that such an access to a page was seen.</summary>
    /// <returns>Whether one of them had not seen the page before, and so lets go of it.</returns>
    public bool NoteSeen(ulong gfn, PageAccess access)
    {
        bool released = false;
        foreach (WatchedPages one in _all)
        {
            if (one.Watch.Covers(gfn, access)) released |= one.Seen.Add(gfn);
        }

        return released;
    }
}
