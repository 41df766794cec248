using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// The beginning of the record that <c>xc_domain_getinfolist</c> returns: <c>xen_domctl_getdomaininfo</c>, the same
/// from Xen 4.12 to 4.22. The rest differs; there is room for any.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 1024)]
internal struct DomainInfo
{
    private const uint Dying = 1 << 0;
    private const uint HvmGuest = 1 << 1;
    private const uint Shutdown = 1 << 2;
    private const uint Paused = 1 << 3;
    private const int ShutdownReasonShift = 16;
    private const uint ShutdownReasonMask = 255;

    [FieldOffset(0)]
    public ushort Domain;

    [FieldOffset(4)]
    public uint Flags;

    /// <summary>How many pages of memory it has, without shared and paged-out pages.</summary>
    [FieldOffset(8)]
    public ulong Pages;

    /// <summary>How many pages of memory it may have. A fork may have as many as its parent.</summary>
    [FieldOffset(16)]
    public ulong MaximumPages;

    /// <summary>How long its vCPUs have run together, in nanoseconds; 0 until it first runs.</summary>
    [FieldOffset(56)]
    public ulong RunTime;

    /// <summary>The highest id of its vCPUs, online or not; all bits set while it is being made and has none.</summary>
    [FieldOffset(68)]
    public uint HighestVCpu;

    /// <summary>The uuid that the toolstack gave it, in the order in which it is printed.</summary>
    [FieldOffset(76)]
    public UuidBytes Uuid;

    /// <summary>Whether it is a hardware virtualised guest (HVM, PVH, any on arm64) and not paravirtualised.</summary>
    public readonly bool IsHvm => (Flags & HvmGuest) != 0;

    /// <summary>How many vCPUs it has, online or not; 0 while it is being made.</summary>
    public readonly int VCpus => (int)(HighestVCpu + 1);

    /// <summary>It was destroyed, and exists only because somebody has a page of it mapped.</summary>
    public readonly bool IsDying => (Flags & Dying) != 0;

    /// <summary>
    /// A toolstack, or a program that calls Xen like one, has paused it. Xen does not tell how often.
    /// </summary>
    public readonly bool IsPaused => (Flags & Paused) != 0;

    /// <summary>It waits to be run for the first time: its toolstack has made it paused, and has not unpaused it.</summary>
    public readonly bool IsNew => IsPaused && RunTime == 0 && State == DomainState.Running;

    public readonly DomainState State
    {
        get
        {
            if ((Flags & Shutdown) == 0) return IsDying ? DomainState.Destroyed : DomainState.Running;
            DomainState state = DomainState.ShutDown + (int)(Flags >> ShutdownReasonShift & ShutdownReasonMask);
            return state <= DomainState.SoftReset ? state : DomainState.ShutDown;
        }
    }

    /// <summary>The flags that say how a domain ended and whether it is paused.</summary>
    public static uint FlagsOf(DomainState state, bool isDying, bool isPaused) => (isDying ? Dying : 0) | (isPaused ? Paused : 0) | state switch
    {
        DomainState.Running or DomainState.Destroyed => 0,
        _ => Shutdown | (uint)(state - DomainState.ShutDown) << ShutdownReasonShift,
    };

    /// <summary>The record of a domain; <paramref name="flags"/> says how it ended and whether it is paused.</summary>
    public static DomainInfo Of(XenDomain domain, ulong pages, ulong maximumPages, uint flags)
    {
        DomainInfo info = new()
        {
            Domain = (ushort)domain.Id,
            Flags = flags | (domain.Type == DomainType.PV ? 0 : HvmGuest),
            Pages = pages,
            MaximumPages = maximumPages,
            HighestVCpu = (uint)domain.VCpus - 1,
        };
        domain.Uuid.TryWriteBytes(info.Uuid, bigEndian: true, out _);
        return info;
    }

    [InlineArray(16)]
    internal struct UuidBytes
    {
        private byte _first;
    }
}
