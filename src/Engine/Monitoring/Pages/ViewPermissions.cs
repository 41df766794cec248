using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The permissions of the pages of one view: those set by hand, or else those that a page had before. From these the
/// page watches take what they together want to see, except what was already seen. Used by the pump's thread.
/// </summary>
/// <remarks>
/// A page's previous permissions are asked for named pages, with one call per page, up to <see cref="MostRemembered"/>
/// of them. Others, and those of a watch on the whole guest, are assumed to have had the domain's default. Pages that
/// must not be touched (<see cref="PageSurvey"/>) are skipped. Xen gives pages without memory the default of new pages
/// when it populates them, and with it the restriction of a watch on the whole guest.
/// </remarks>
internal sealed class ViewPermissions
{
    /// <summary>
    /// Pages handled in one step and with one call, so that events need not wait long for the next step.
    /// </summary>
    private const int PagesPerStep = 4096;

    /// <summary>From this many pages on, the domain is paused while they are set.</summary>
    private const int PagesToPauseFor = 64;

    /// <summary>Pages whose permissions are recorded in one step.</summary>
    private const int PagesPerNote = 1 << 16;

    /// <summary>Pages whose own permissions are asked for at most; this takes about 0.1 s.</summary>
    private const int MostRemembered = PageSurvey.FewPages;

    private readonly IDomainMonitor _monitor;
    private readonly ViewPages _pages;
    private readonly ViewPermissions? _host;
    private readonly Action<string>? _warn;
    private readonly List<ViewPermissions> _views = [];
    private readonly PageWatches _watches = new();
    private readonly PageAccessMap _before = new();
    private readonly PageAccessMap _byHand = new();

    private readonly LiftedPages _lifted;
    private readonly ulong[] _gfns = new ulong[PagesPerStep];
    private readonly MemAccess[] _access = new MemAccess[PagesPerStep];
    private int _remembered;

    /// <summary>The access of a page, and of a new page, when nobody watches.</summary>
    private MemAccess _unrestricted = MemAccess.Rwx;

    /// <summary>The permissions in the host's own view.</summary>
    /// <param name="monitor">The domain's monitor.</param>
    /// <param name="warn">Told which pages are skipped.</param>
    public ViewPermissions(IDomainMonitor monitor, Action<string>? warn = null)
    {
        _monitor = monitor;
        _warn = warn;
        _pages = new ViewPages(monitor, 0);
        _lifted = new LiftedPages(monitor);
    }

    /// <summary>The permissions in another view. A page without its own there is as in the host's.</summary>
    public ViewPermissions(IDomainMonitor monitor, ushort view, ViewPermissions host, Action<string>? warn = null)
    {
        _monitor = monitor;
        _warn = warn;
        _pages = new ViewPages(monitor, view);
        _lifted = new LiftedPages(monitor);
        _host = host;
        host._views.Add(this);
    }

    /// <summary>The view; 0 is the host's own.</summary>
    public ushort View => _pages.View;

    /// <summary>Whether a page waits to be restricted again.</summary>
    public bool HasLifted => _lifted.Any;

    /// <summary>Whether there is a watch on this view.</summary>
    public bool IsWatched => _watches.Any;

    /// <summary>Adds a watch and restricts its pages, one step at a time.</summary>
    public IEnumerable<int> Add(PageWatch watch, EventFilter filter)
    {
        GfnRange[] ranges = RangesOf(watch);
        _pages.EnsureExist(ranges);
        bool isWhole = watch.Ranges.Count == 0;
        PageSurvey survey = new(_monitor, _pages);
        foreach (int pages in survey.Look(ranges, emulates: Emulates(watch, filter))) yield return pages;
        Warn(survey, isWhole);
        NoteDefault();
        if (!isWhole)
        {
            foreach (int pages in Remember(ranges)) yield return pages;
        }

        _watches.Add(new WatchedPages(watch, filter, ranges, survey));
        ApplyToNewPages();
        foreach (int pages in Apply(ranges, survey)) yield return pages;
    }

    /// <summary>
    /// Removes a watch and restores the permissions of its pages that no other watch takes, one step at a time. If it
    /// is left before the last step, it can be repeated from the first.
    /// </summary>
    public IEnumerable<int> Remove(PageWatch watch)
    {
        WatchedPages? leaving = _watches.Find(watch);
        if (leaving is null) yield break;
        leaving.IsLeaving = true;
        ApplyToNewPages();

        // Xen may have populated pages since, or taken their memory.
        PageSurvey survey = new(_monitor, _pages);
        foreach (int pages in survey.Look(leaving.Ranges, emulates: false)) yield return pages;
        foreach (int pages in Apply(leaving.Ranges, survey)) yield return pages;
        _watches.Remove(leaving);
    }

    /// <summary>
    /// Sets permissions by hand, one step at a time, minus what watches take, until <see cref="RestoreAll"/>.
    /// </summary>
    public IEnumerable<int> Set(IReadOnlyList<MemAccessRange> permissions)
    {
        GfnRange[] ranges = [.. permissions.Select(r => r.Gfn)];
        _pages.EnsureExist(ranges);
        PageSurvey survey = new(_monitor, _pages);
        foreach (int pages in survey.Look(ranges, emulates: PageSurvey.IsNeeded(_monitor, ranges))) yield return pages;
        Warn(survey, isWhole: View != 0 && ranges is [{ First: 0 } all] && all.Last == _monitor.MaximumGfn);
        NoteDefault();
        foreach (int pages in Remember(ranges)) yield return pages;
        ulong noted = 0;
        foreach ((GfnRange range, MemAccess access) in permissions)
        {
            MemAccess set = access == MemAccess.Default ? Unrestricted : access;
            for (ulong first = range.First; ; first += PagesPerNote)
            {
                ulong last = Math.Min(range.Last, first + (PagesPerNote - 1));
                _byHand.Set(new GfnRange(first, last), set);
                for (ulong gfn = first; survey.LeavesOutAny && gfn <= last; gfn++)
                {
                    if (survey.LeavesOut(gfn)) _byHand[gfn] = null;
                }

                noted += last - first + 1;
                if (noted >= PagesPerNote)
                {
                    yield return PagesPerNote;
                    noted = 0;
                }

                if (last == range.Last) break;
            }
        }

        foreach (int pages in Apply(ranges, survey)) yield return pages;
    }

    /// <summary>
    /// Restores the previous permissions of the pages whose permissions were set by hand, one step at a time. If it is
    /// left before the last step, it can be repeated from the first.
    /// </summary>
    public IEnumerable<int> RestoreAll()
    {
        GfnRange[] ranges = [.. _byHand.Ranges()];
        IsLeaving = true;
        PageSurvey survey = new(_monitor, _pages);
        foreach (int pages in survey.Look(ranges, emulates: false)) yield return pages;
        foreach (int pages in Apply(ranges, survey)) yield return pages;
        _byHand.Clear();
        IsLeaving = false;
    }

    /// <inheritdoc cref="ViewPages.Read"/>
    public IEnumerable<int> Read(IReadOnlyList<GfnRange> ranges, List<MemAccessRange> result) => _pages.Read(ranges, result);

    /// <summary>Whether a page has its own permissions in this view; if not, it is as in the host's.</summary>
    public bool Owns(ulong gfn) => _host is null || _byHand[gfn] is not null || _watches.AccessTo(gfn) != PageAccess.None;

    /// <summary>Lets an access that raised an event proceed.</summary>
    /// <returns>False if the page stays restricted, so that the access has to be done in another way.</returns>
    public bool Release(RequestReader request)
    {
        ulong gfn = request.UInt64(VmEventField.MemAccessGfn);
        if (!Owns(gfn)) return _host!.Release(request);
        uint vcpu = request.VCpuId;
        PageAccess access = (PageAccess)(request.UInt32(VmEventField.MemAccessFlags) & (uint)MemAccessFlags.ReadWriteExecute);
        bool changed = Follow(gfn, access);
        if (_watches.Keep(request, gfn, access))
        {
            if (changed) Write(gfn, PermissionsOf(gfn));
            _lifted.OnEmulated(vcpu, gfn);
            return false;
        }

        bool released = _watches.NoteSeen(gfn, access);

        // An access that nobody asked for may be stopped because the hardware has no finer restriction: the page stays
        // watched.
        MemAccess permissions = PermissionsOf(gfn);
        bool allowed = permissions.Allow(access);
        if (allowed || released || changed) Write(gfn, permissions);
        if (!allowed) _lifted.OnEmulated(vcpu, gfn);
        return allowed;
    }

    /// <summary>
    /// An answer asks Xen to emulate the access. If Xen cannot, the vCPU executes the instruction again, and would do so
    /// for ever on a page that stays restricted.
    /// </summary>
    public void NoteEmulated(RequestReader request) => _lifted.OnEmulated(request.VCpuId, request.UInt64(VmEventField.MemAccessGfn));

    /// <summary>
    /// Xen cannot emulate what accesses the page. So the page gets its permissions back until the vCPU has run on, and nobody
    /// sees other accesses to it meanwhile.
    /// </summary>
    public void LiftForAMoment(uint vcpu)
    {
        if (_lifted.TryLift(vcpu, out ulong gfn)) Write(gfn, Unrestricted);
        else _host?.LiftForAMoment(vcpu);
    }

    /// <summary>The page whose access Xen was last asked to emulate for a vCPU, until it is lifted; null: none.</summary>
    public ulong? EmulatedPage(uint vcpu) => _lifted.EmulatedPage(vcpu) ?? _host?.EmulatedPage(vcpu);

    /// <summary>
    /// Whether events of such accesses to a page are asked for, by watches or by permissions set by hand, and do not come
    /// only because breakpoints are hidden there.
    /// </summary>
    public bool IsAskedFor(ulong gfn, PageAccess access) =>
        (_byHand[gfn] is { } set && !set.Allow(access)) || _watches.AskFor(gfn, access) || (_host is not null && _host.IsAskedFor(gfn, access));

    /// <summary>The permissions that a page with hidden breakpoints has while it is open: those that other watches leave it.</summary>
    /// <param name="gfn">The page.</param>
    /// <param name="needed">What it allows in any case.</param>
    /// <param name="withheld">What it does not allow otherwise.</param>
    public MemAccess WhenOpen(ulong gfn, PageAccess needed, PageAccess withheld)
    {
        MemAccess left = BaseOf(gfn).Without(withheld | _watches.AccessAskedForTo(gfn));
        if (left.Allow(needed)) return left;
        return left <= MemAccess.Rwx ? (MemAccess)((int)left | (int)needed | (int)MemAccess.R) : MemAccess.Rwx;
    }

    /// <summary>Gives a page permissions until <see cref="Close"/>.</summary>
    public void Open(ulong gfn, MemAccess permissions) => Write(gfn, permissions);

    /// <summary>Restricts a page again that was opened.</summary>
    public void Close(ulong gfn) => Write(gfn, PermissionsOf(gfn));

    /// <summary>Restricts pages again that were lifted for vCPUs which have run on.</summary>
    public void RestrictLifted()
    {
        while (_lifted.TryTakeDue(out ulong gfn)) Write(gfn, PermissionsOf(gfn));
    }

    /// <summary>The view is gone.</summary>
    public void Detach() => _host?._views.Remove(this);

    private MemAccess Unrestricted => _host?._unrestricted ?? _unrestricted;

    /// <summary>The permissions set by hand are being undone.</summary>
    private bool IsLeaving { get; set; }

    private GfnRange[] RangesOf(PageWatch watch) =>
        watch.Ranges.Count > 0 ? [.. watch.Ranges] : [new GfnRange(0, _monitor.MaximumGfn)];

    /// <summary>
    /// Whether accesses to its pages may be emulated: accesses after the first, accesses that the watch does not
    /// select, and writes to a page that cannot be read, which x86 does not have.
    /// </summary>
    private static bool Emulates(PageWatch watch, EventFilter filter) =>
        watch.Repeat || !filter.SelectsAll || (watch.Access & (PageAccess.Read | PageAccess.Write)) == PageAccess.Read;

    private void Warn(PageSurvey survey, bool isWhole)
    {
        // Pages of the whole guest that get memory later are watched from then on, and holes need no warning.
        if (survey.WithoutMemory > 0 && (!isWhole || (View != 0 && _monitor.PagesOnDemand != 0)))
        {
            _warn?.Invoke($"{survey.WithoutMemory} of these pages have no memory, or none yet, and are skipped: setting their access would make Xen populate them. Name them again once the guest uses them.");
        }

        if (survey.OfDevices == 0) return;
        _warn?.Invoke($"{survey.OfDevices} of these pages are device memory and are skipped: accesses that Xen emulates do not reach the device.");
    }

    private void NoteDefault()
    {
        if (_host is null && !_watches.Any) _unrestricted = _monitor.DefaultMemAccess;
    }

    /// <summary>Asks for the permissions of pages that nothing here has changed.</summary>
    private IEnumerable<int> Remember(GfnRange[] ranges)
    {
        if (_host is not null) yield break; // The page follows the host's.
        foreach (GfnRange range in ranges)
        {
            for (ulong gfn = range.First; _remembered < MostRemembered; gfn++)
            {
                if (_byHand[gfn] is null && !_watches.Cover(gfn))
                {
                    _before[gfn] = _pages.Get(gfn);
                    if (++_remembered % ViewPages.QuestionsPerStep == 0) yield return ViewPages.QuestionsPerStep;
                }

                if (gfn == range.Last) break;
            }
        }
    }

    /// <summary>
    /// Records that permissions set by hand give way to an access, permanently: by themselves, or here if a watch keeps
    /// them from reaching Xen.
    /// </summary>
    /// <returns>Whether the page's permissions have changed.</returns>
    private bool Follow(ulong gfn, PageAccess access)
    {
        MemAccess? set = _byHand[gfn];
        if (set is not (MemAccess.Rx2rw or MemAccess.N2rwx)) return false;
        bool isXens = PermissionsOf(gfn) == set;

        // Xen does not report that Rx2rw gave way: it shows when the page can no longer be executed.
        MemAccess now = set == MemAccess.N2rwx ? MemAccess.Rwx
            : (access & (isXens ? PageAccess.Execute : PageAccess.Write)) != 0 ? MemAccess.RW
            : set.Value;
        if (now == set) return false;
        _byHand[gfn] = now;
        return true;
    }

    /// <summary>Sets pages to their intended permissions, one step at a time, with one call each.</summary>
    private IEnumerable<int> Apply(GfnRange[] ranges, PageSurvey survey)
    {
        int count = 0;
        foreach (GfnRange range in ranges)
        {
            for (ulong gfn = range.First; ; gfn++)
            {
                if (!survey.LeavesOut(gfn))
                {
                    _gfns[count] = gfn;
                    _access[count] = PermissionsOf(gfn);
                    count++;
                }

                if (count == PagesPerStep)
                {
                    WriteStep(count);
                    yield return count;
                    count = 0;
                }

                if (gfn == range.Last) break;
            }
        }

        if (count == 0) yield break;
        WriteStep(count);
        yield return count;
    }

    /// <summary>
    /// While vCPUs run, Xen tells all their processors about each page and waits for them; while none runs, it tells
    /// none. So a pause of a millisecond or two replaces thousands of interruptions.
    /// </summary>
    private void WriteStep(int count)
    {
        if (count < PagesToPauseFor) Set();
        else _monitor.WhilePaused(Set);

        void Set() => Write(_gfns.AsSpan(0, count), _access.AsSpan(0, count));
    }

    private void ApplyToNewPages()
    {
        if (_host is not null) return;
        MemAccess permissions = _unrestricted.Without(_watches.AccessToNewPages);
        if (_monitor.DefaultMemAccess != permissions) _monitor.DefaultMemAccess = permissions;
    }

    private MemAccess PermissionsOf(ulong gfn) => BaseOf(gfn).Without(_watches.AccessTo(gfn));

    private MemAccess BaseOf(ulong gfn) =>
        (IsLeaving ? null : _byHand[gfn]) ?? (_host is null ? _before[gfn] ?? _unrestricted : _host.PermissionsOf(gfn));

    private void Write(ulong gfn, MemAccess permissions) => Write([gfn], [permissions]);

    private void Write(ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access)
    {
        _pages.Set(gfns, access);
        foreach (ViewPermissions view in _views) view.WriteOwn(gfns);
    }

    /// <summary>
    /// Xen copies what is set in the host's view to all views: this gives pages their own permissions again.
    /// </summary>
    private void WriteOwn(ReadOnlySpan<ulong> gfns)
    {
        int count = 0;
        foreach (ulong gfn in gfns)
        {
            if (!Owns(gfn)) continue;
            _gfns[count] = gfn;
            _access[count++] = PermissionsOf(gfn);
        }

        if (count > 0) Write(_gfns.AsSpan(0, count), _access.AsSpan(0, count));
    }
}
