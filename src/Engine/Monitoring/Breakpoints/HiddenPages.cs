using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The pages whose breakpoints the guest must not see: it can execute them, and nothing else. A vCPU that reads or writes
/// one does that in a single step, while the page is open and has the guest's own bytes. Used by the pump's thread.
/// </summary>
internal sealed class HiddenPages(XenDomain domain, BreakpointBytes bytes, SessionViews views, EventSwitches switches, MonitorOptions options)
{
    /// <summary>How long the guest has a page for itself that it accesses too often: a second.</summary>
    private static readonly long Rest = Stopwatch.Frequency;

    /// <summary>The longest wait for the end of a step: Xen may swallow its event, and the vCPU may not run.</summary>
    private static readonly long LongestStep = Stopwatch.Frequency / 10;

    private readonly Dictionary<ulong, HiddenPage> _pages = [];
    private readonly Dictionary<BreakpointSites, PageWatch> _watches = [];

    /// <summary>The vCPUs that step because of a page, open or not any more.</summary>
    private readonly HashSet<uint> _stepping = [];

    /// <summary>When an open page has to be closed at the latest, in Stopwatch ticks; null: none is open.</summary>
    public long? NextTime
    {
        get
        {
            long? next = null;
            foreach (HiddenPage page in _pages.Values)
            {
                if (page.IsOpen) next = Math.Min(next ?? long.MaxValue, page.OpenUntil);
            }

            return next;
        }
    }

    /// <summary>Whether breakpoints in a page are hidden.</summary>
    public bool Has(ulong gfn) => _pages.ContainsKey(gfn);

    /// <summary>Whether a page is open now.</summary>
    public bool IsOpen(ulong gfn) => _pages.TryGetValue(gfn, out HiddenPage? page) && page.IsOpen;

    /// <summary>Restricts pages for a watch, before their breakpoints are set.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.NotSupported"/> and others.</exception>
    public void Add(BreakpointSites sites, IEnumerable<ulong> gfns)
    {
        if (!views.Steps.IsPossible) throw CannotHide(domain);
        GfnRange[] pages = [.. gfns.Distinct().Order().Select(gfn => new GfnRange(gfn))];
        if (pages.Length == 0) return; // To a watch of pages that would be all of them.
        switches.Need(VmEventKind.SingleStep);
        EventWatch watch = new()
        {
            Kinds = [VmEventKind.MemAccess],
            Pages = new PageWatch { Access = PageAccess.Read | PageAccess.Write, Ranges = pages, Repeat = true, HidesBreakpoints = true },
        };
        _watches[sites] = watch.Pages;
        foreach (GfnRange page in pages)
        {
            if (!_pages.ContainsKey(page.First)) _pages[page.First] = new HiddenPage(page.First, options.MostHiddenAccesses);
        }

        foreach (int _ in views.Host.Add(watch.Pages, new EventFilter(watch, GuestArchitecture.X86)))
        {
            // No vCPU runs, so none waits for the next step.
        }
    }

    /// <summary>Gives a watch's pages their permissions back, after its breakpoints are taken away.</summary>
    public void Remove(BreakpointSites sites)
    {
        if (!_watches.TryGetValue(sites, out PageWatch? watch)) return;
        foreach (GfnRange range in watch.Ranges)
        {
            bool isWanted = _watches.Any(one => one.Key != sites && one.Value.Covers(range.First));
            if (isWanted || !_pages.TryGetValue(range.First, out HiddenPage? page)) continue;
            if (page.IsOpen) Close(page);
            _pages.Remove(range.First);
        }

        foreach (int _ in views.Host.Remove(watch))
        {
            // They are few.
        }

        _watches.Remove(sites);
    }

    /// <summary>The same for all watches.</summary>
    public void RemoveAll()
    {
        foreach (BreakpointSites sites in _watches.Keys.ToArray()) Remove(sites);
    }

    /// <summary>Makes a vCPU do its access in a single step, with the guest's own bytes in the page.</summary>
    /// <param name="gfn">The page.</param>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="access">Whether it reads or writes.</param>
    /// <param name="offset">The offset in the page at which it does; null: unknown.</param>
    public void StepOver(ulong gfn, uint vcpu, PageAccess access, ulong? offset)
    {
        HiddenPage page = _pages[gfn];
        long now = Stopwatch.GetTimestamp();

        // What others watch there is never let through.
        if (!page.Limit.Allows(now) && views.Host.WhenOpen(gfn, PageAccess.None, PageAccess.None).Allow(access))
        {
            if (!page.IsTold) options.Warn?.Invoke($"{domain} reads or writes its own code at gfn 0x{gfn:x} more than {options.MostHiddenAccesses} times a second. Each time its breakpoints there are off for a second.");
            page.IsTold = page.Rests = true;
            Open(page, now + Rest);
            return;
        }

        if ((access & PageAccess.Write) != 0 && offset is { } at) page.Writes.Add(at);
        page.Stepping.Add(vcpu);
        page.Needed |= access;
        Open(page, now + LongestStep);
        _stepping.Add(vcpu);
        switches.Stepping.BeginStepOver(vcpu);
    }

    /// <summary>A vCPU has done a step. Does nothing for a vCPU that steps for another reason.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="switchesOver">The response toggles its stepping.</param>
    public void EndStep(uint vcpu, bool switchesOver)
    {
        if (!_stepping.Remove(vcpu)) return;
        switches.Stepping.EndStepOver(vcpu, switchesOver);
        foreach (HiddenPage page in _pages.Values)
        {
            if (!page.Stepping.Remove(vcpu) || page.Stepping.Count > 0) continue;
            page.Needed = PageAccess.None;
            if (page.Rests) Open(page, page.OpenUntil);
            else Close(page);
        }
    }

    /// <summary>Closes pages whose time is over.</summary>
    public void CloseDue()
    {
        foreach (HiddenPage page in _pages.Values)
        {
            if (page.IsOpen && Stopwatch.GetTimestamp() >= page.OpenUntil) Close(page);
        }
    }

    /// <summary>What to say where breakpoints cannot be hidden.</summary>
    public static XenException CannotHide(XenDomain domain) => new(
        XenErrorId.NotSupported,
        $"Breakpoints in {domain} cannot be hidden: this hardware has no page access events or no single steps, or the guest has no hardware assisted paging.",
        "Hiding takes an Intel processor with EPT and the monitor trap flag. Without 'hide' the guest can see them.");

    /// <summary>Opens a page for the steps over it and, if it rests, for all that nobody else watches.</summary>
    private void Open(HiddenPage page, long until)
    {
        // An unexpected write has to be seen: where it begins tells which breakpoints it takes away.
        bool letsWrite = page.Rests || (page.Needed & PageAccess.Write) != 0;
        MemAccess permissions = views.Host.WhenOpen(page.Gfn, page.Needed, letsWrite ? PageAccess.None : PageAccess.Write);
        letsWrite = permissions.Allow(PageAccess.Write);
        if (!page.IsOpen || (letsWrite && !page.IsOpenToWrites)) bytes.Reveal(page.Gfn, letsWrite);
        page.IsOpen = true;
        page.IsOpenToWrites |= letsWrite;
        page.OpenUntil = Math.Max(page.OpenUntil, until);
        views.Host.Open(page.Gfn, permissions);
    }

    private void Close(HiddenPage page)
    {
        views.Host.Close(page.Gfn);
        bytes.Conceal(page.Gfn, page.Writes);
        page.Close();
    }
}
