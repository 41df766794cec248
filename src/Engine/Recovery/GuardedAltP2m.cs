using XenVmEvent.Hypervisor;

namespace XenVmEvent.Recovery;

/// <summary>The views of a monitor whose guard is told what would have to be undone.</summary>
internal sealed class GuardedAltP2m(IAltP2m views, GuardProcess guard) : IAltP2m
{
    public bool IsActive
    {
        get => views.IsActive;
        set
        {
            guard.Tell(GuardState.ViewsActive(value));
            views.IsActive = value;
        }
    }

    public ushort CreateView(MemAccess access)
    {
        ushort view = views.CreateView(access);
        guard.Tell(GuardState.View(view, exists: true));
        return view;
    }

    public void DestroyView(ushort view)
    {
        views.DestroyView(view);
        guard.Tell(GuardState.View(view, exists: false));
    }

    public void SwitchToView(ushort view) => views.SwitchToView(view);

    public ushort GetVCpuView(uint vcpu) => views.GetVCpuView(vcpu);

    public MemAccess? GetMemAccess(ushort view, ulong gfn) => views.GetMemAccess(view, gfn);

    public void SetMemAccess(ushort view, ReadOnlySpan<ulong> gfns, ReadOnlySpan<MemAccess> access) => views.SetMemAccess(view, gfns, access);
}
