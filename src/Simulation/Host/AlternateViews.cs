using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// The altp2m of a simulated domain: its views, and the view of each vCPU. Changed only under the domain's gate.
/// </summary>
internal sealed class AlternateViews(SimulatedDomain domain)
{
    private readonly PagePermissions?[] _views = new PagePermissions?[IAltP2m.MostViews];

    /// <summary>Whether the domain has views: view 0 then exists and has its own entries, as Xen's does.</summary>
    public bool IsActive => _views[0] is not null;

    /// <summary>A view's permissions; null if the view does not exist.</summary>
    public PagePermissions? this[int view] => view < _views.Length ? _views[view] : null;

    /// <summary>Switches altp2m on, with all vCPUs in view 0, or off, with all of them in no view.</summary>
    public void SetActive(bool active)
    {
        if (active == IsActive) return;
        Array.Clear(_views);
        if (active) _views[0] = new PagePermissions(domain.Pages);
        foreach (SimulatedVCpu vcpu in domain.VCpus) vcpu.EnterView(0, _views[0] ?? domain.Pages);
    }

    /// <summary>Makes a view in the first free place.</summary>
    /// <returns>Negative if there is none.</returns>
    public int Create()
    {
        int view = Array.FindIndex(_views, 1, v => v is null);
        if (view >= 0) _views[view] = new PagePermissions(domain.Pages);
        return view;
    }

    /// <returns>False if there is no such view, or a vCPU is in it.</returns>
    public bool TryDestroy(int view)
    {
        if (view == 0 || this[view] is null || domain.VCpus.Any(v => v.View == view)) return false;
        _views[view] = null;
        return true;
    }

    /// <summary>Switches a vCPU to a view.</summary>
    /// <returns>False if there is no such view: the vCPU stays where it is.</returns>
    public bool TryEnter(SimulatedVCpu vcpu, int view)
    {
        if (this[view] is not { } pages) return false;
        vcpu.EnterView((ushort)view, pages);
        return true;
    }

    /// <summary>The host's permissions of these pages were set: Xen copies them to every view.</summary>
    public void FollowHost(ulong firstGfn, uint count)
    {
        foreach (PagePermissions? view in _views) view?.FollowHost(firstGfn, count);
    }

    /// <summary>Whether an access that finds no listener ends the domain, in all existing views.</summary>
    public void RequireListener(bool required)
    {
        foreach (PagePermissions? view in _views) view?.ListenerRequired = required;
    }
}
