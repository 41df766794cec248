using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The views of the domain's memory, each with its permissions: the host's own and those that this session made. Used
/// by the pump's thread.
/// </summary>
internal sealed class SessionViews(IDomainMonitor monitor, EventSwitches switches, XenDomain domain, Action<string>? warn = null)
{
    private readonly SortedDictionary<ushort, (ViewPermissions Permissions, MemAccess Access)> _own = [];
    private volatile bool _isActivated;

    /// <summary>The views that this session made, for other threads.</summary>
    private volatile ushort[] _known = [];

    /// <summary>The view that all vCPUs were last switched to.</summary>
    private ushort _current;

    /// <summary>The permissions in the host's own view.</summary>
    public ViewPermissions Host { get; } = new(monitor, warn);

    /// <summary>Makes vCPUs do in view 0 what their own view forbids.</summary>
    public StepOver Steps { get; } = new(monitor.Capabilities, switches.Stepping, domain.VCpus);

    /// <summary>Whether a page waits to be restricted again.</summary>
    public bool HasLifted => Host.HasLifted || (_own.Count > 0 && _own.Values.Any(v => v.Permissions.HasLifted));

    /// <summary>The permissions that apply to a vCPU in a view.</summary>
    public ViewPermissions PermissionsIn(uint view) => view != 0 && _own.TryGetValue((ushort)view, out var own) ? own.Permissions : Host;

    /// <summary>The permissions in a view that this session made, or in view 0.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.ViewNotFound"/>.</exception>
    public ViewPermissions Find(ushort view) => view == 0 ? Host : _own.TryGetValue(view, out var own) ? own.Permissions : throw NotFound(view);

    /// <summary>
    /// The known views: view 0, those that this session made, and other programs' views that have a vCPU in them.
    /// </summary>
    public IReadOnlyList<MemoryView> List()
    {
        SortedDictionary<ushort, List<uint>> vcpus = new() { [0] = [] };
        foreach (ushort view in _own.Keys) vcpus[view] = [];
        bool active = _isActivated || IsActive();
        for (uint vcpu = 0; vcpu < domain.VCpus; vcpu++)
        {
            ushort view = active ? ViewOf(vcpu) : (ushort)0;
            if (!vcpus.TryGetValue(view, out List<uint>? inside)) vcpus[view] = inside = [];
            inside.Add(vcpu);
        }

        return [.. vcpus.Select(v => new MemoryView(domain, v.Key, _own.TryGetValue(v.Key, out var own) ? own.Access : null, v.Value))];
    }

    /// <summary>Makes a view, initially the same as the host's own.</summary>
    /// <param name="access">The access that its pages are to get.</param>
    public ushort Create(MemAccess access)
    {
        bool activates = !monitor.AltP2m.IsActive;
        if (activates) monitor.AltP2m.IsActive = true;
        try
        {
            switches.Need(VmEventKind.EmulUnimplemented);
            switches.Need(VmEventKind.SingleStep);
            ushort view = monitor.AltP2m.CreateView(access);
            _own[view] = (new ViewPermissions(monitor, view, Host, warn), access);
            _known = [.. _own.Keys];
            _isActivated |= activates;
            return view;
        }
        catch
        {
            if (activates) monitor.AltP2m.IsActive = false;
            throw;
        }
    }

    /// <summary>Switches all vCPUs to a view.</summary>
    public void Switch(ushort view)
    {
        if (!IsActive())
        {
            if (view == 0) return;
            throw NotFound(view);
        }

        monitor.AltP2m.SwitchToView(view);
        Steps.Redirect(view);
        _current = view;
    }

    /// <summary>Removes a view that this session made.</summary>
    public void Remove(ushort view)
    {
        if (!_own.TryGetValue(view, out var own)) throw NotFound(view);
        if (own.Permissions.IsWatched)
        {
            throw new XenException(
                XenErrorId.ViewInUse, $"Pages are watched in view {view} of {domain}.", "End the watch first.");
        }

        uint[] inside = [.. Enumerable.Range(0, domain.VCpus).Select(v => (uint)v).Where(v => ViewOf(v) == view)];
        if (inside.Length > 0)
        {
            throw new XenException(
                XenErrorId.ViewInUse,
                $"vCPU {string.Join(", ", inside)} of {domain} is in view {view}.",
                "Switch to another view first.",
                task: RemedyTask.LeaveView);
        }

        monitor.AltP2m.DestroyView(view);
        own.Permissions.Detach();
        _own.Remove(view);
        _known = [.. _own.Keys];
    }

    /// <summary>
    /// The objection to an answer that names a view: Xen would leave the vCPU where it is. From any thread.
    /// </summary>
    /// <returns>Null also if altp2m was on before, because others may have views.</returns>
    public XenException? FindObjection(VmEventResponse response)
    {
        if (!_isActivated) return null;
        if (response.View is { } view && view != 0 && !_known.Contains(view)) return NotFound(view);
        return response.FastSingleStepView is { } next && next != 0 && !_known.Contains(next) ? NotFound(next) : null;
    }

    /// <summary>Adds a watch and restricts its pages, one step at a time.</summary>
    public IEnumerable<int> Add(PageWatch watch, EventFilter filter)
    {
        ViewPermissions permissions = Find(watch.View);
        return watch.Access == PageAccess.None ? [] : permissions.Add(watch, filter);
    }

    /// <summary>
    /// Removes a watch and restores its pages, one step at a time. In a view that is gone it has none.
    /// </summary>
    public IEnumerable<int> Remove(PageWatch watch) =>
        watch.View == 0 || _own.ContainsKey(watch.View) ? Find(watch.View).Remove(watch) : [];

    /// <summary>Sets permissions by hand, one step at a time.</summary>
    public IEnumerable<int> Set(ushort view, IReadOnlyList<MemAccessRange> permissions)
    {
        ViewPermissions pages = Find(view);

        // Otherwise an instruction that Xen cannot emulate would give the guest an exception.
        switches.Need(VmEventKind.EmulUnimplemented);
        return pages.Set(permissions);
    }

    /// <summary>Sets the permissions of all pages of a view, one step at a time.</summary>
    public IEnumerable<int> SetAll(ushort view, MemAccess access) =>
        Set(view, [new MemAccessRange(new GfnRange(0, monitor.MaximumGfn), access)]);

    /// <summary>Restricts pages again whose time is over.</summary>
    public void RestrictLifted()
    {
        Host.RestrictLifted();
        if (_own.Count == 0) return; // Enumerating an empty set would still allocate an object for each event.
        foreach ((ViewPermissions permissions, _) in _own.Values) permissions.RestrictLifted();
    }

    /// <summary>
    /// What to do at the end, each step to be tried: switch all vCPUs to view 0, remove the views that were made,
    /// restore altp2m.
    /// </summary>
    public IEnumerable<Action> GivingBack()
    {
        if (_own.Count > 0 || _current != 0) yield return () => Switch(0);
        Steps.Forget();
        foreach ((ushort view, (ViewPermissions permissions, _)) in _own.ToArray())
        {
            _own.Remove(view);
            yield return () =>
            {
                permissions.Detach();
                monitor.AltP2m.DestroyView(view);
            };
        }

        if (_isActivated) yield return () => monitor.AltP2m.IsActive = false;
        _isActivated = false;
    }

    private bool IsActive()
    {
        try
        {
            return monitor.AltP2m.IsActive;
        }
        catch (XenException e) when (e.Id == XenErrorId.NotSupported)
        {
            return false;
        }
    }

    /// <summary>The view that a vCPU is in, or comes back to.</summary>
    private ushort ViewOf(uint vcpu)
    {
        try
        {
            return Steps.BackTo(vcpu) ?? monitor.AltP2m.GetVCpuView(vcpu);
        }
        catch (XenException e) when (e.Id == XenErrorId.NotSupported)
        {
            return _current; // Xen before 4.13 does not tell.
        }
    }

    private XenException NotFound(ushort view) => new(
        XenErrorId.ViewNotFound,
        $"This session has not made view {view} of {domain}.",
        "List the views.",
        task: RemedyTask.ListViews);
}
