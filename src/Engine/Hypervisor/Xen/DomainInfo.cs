using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// The beginning of what <c>xc_domain_getinfolist</c> tells: <c>xen_domctl_getdomaininfo</c>, the same from Xen 4.12 to
/// 4.22. The rest differs, and there is room for any.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 1024)]
internal struct DomainInfo
{
    private const uint Dying = 1 << 0;
    private const uint Shutdown = 1 << 2;
    private const uint Paused = 1 << 3;
    private const int ShutdownReasonShift = 16;
    private const uint ShutdownReasonMask = 255;

    [FieldOffset(0)]
    public ushort Domain;

    [FieldOffset(4)]
    public uint Flags;

    /// <summary>It was destroyed, and is kept only because somebody has a page of it mapped.</summary>
    public readonly bool IsDying => (Flags & Dying) != 0;

    /// <summary>A toolstack, or something that calls Xen as one does, has paused it; how often Xen does not tell.</summary>
    public readonly bool IsPaused => (Flags & Paused) != 0;

    public readonly DomainState State
    {
        get
        {
            if ((Flags & Shutdown) == 0) return IsDying ? DomainState.Destroyed : DomainState.Running;
            DomainState state = DomainState.ShutDown + (int)(Flags >> ShutdownReasonShift & ShutdownReasonMask);
            return state <= DomainState.SoftReset ? state : DomainState.ShutDown;
        }
    }

    /// <summary>The flags that say how a domain ended, and whether it is paused.</summary>
    public static uint FlagsOf(DomainState state, bool isDying, bool isPaused) => (isDying ? Dying : 0) | (isPaused ? Paused : 0) | state switch
    {
        DomainState.Running or DomainState.Destroyed => 0,
        _ => Shutdown | (uint)(state - DomainState.ShutDown) << ShutdownReasonShift,
    };
}
