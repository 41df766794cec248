using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>Selects the requests that a watch asked for. Two watches on one session each see their own.</summary>
internal sealed class EventFilter
{
    private readonly uint _kinds;
    private readonly uint _controlRegisters;
    private readonly ulong _ignoredBits;
    private readonly bool _onChangeOnly;
    private readonly bool _allowUserspace;
    private readonly HashSet<uint> _msrs;
    private readonly HashSet<uint> _steppedVCpus;
    private LocatedParts? _located;
    private readonly EventSelection? _selection;
    private readonly RequestExpression? _condition;
    private readonly GuestArchitecture _architecture;

    public EventFilter(EventWatch watch, GuestArchitecture architecture, RequestExpression? condition = null)
    {
        foreach (VmEventKind kind in watch.Kinds) _kinds |= 1u << (int)kind;
        foreach (ControlRegister register in watch.ControlRegisters) _controlRegisters |= 1u << (int)register;
        _ignoredBits = watch.IgnoredBits;
        _onChangeOnly = watch.OnChangeOnly;
        _allowUserspace = watch.AllowUserspace;
        _msrs = [.. watch.Msrs];
        _steppedVCpus = [.. watch.SteppedVCpus];
        Pages = watch.Pages;
        Sites = watch.Breakpoints is { } breakpoints ? new BreakpointSites(breakpoints) : null;
        _selection = watch.Selection is { IsEverything: false } selection ? selection : null;
        _condition = condition;
        _architecture = architecture;
    }

    /// <summary>The breakpoints of the watch; null: it has none.</summary>
    public BreakpointSites? Sites { get; }

    public bool Wants(in RequestReader request) => (_kinds & (1u << (int)request.Kind)) != 0 && request.Kind switch
    {
        VmEventKind.MemAccess => Pages is not null
            && (Pages.View == 0 || Pages.View == request.UInt32(VmEventField.Altp2mIndex))
            && Pages.Covers(
                request.UInt64(VmEventField.MemAccessGfn),
                (PageAccess)(request.UInt32(VmEventField.MemAccessFlags) & (uint)MemAccessFlags.ReadWriteExecute))
            && IsInKernelPart(request),
        VmEventKind.SoftwareBreakpoint => Sites is null || Sites.Contains(request.UInt64(VmEventField.Rip)),
        VmEventKind.WriteControlRegister =>
            request.UInt32(VmEventField.ControlRegisterIndex) is < 32 and var index && (_controlRegisters & (1u << (int)index)) != 0
            && (Changes(request, VmEventField.ControlRegisterOldValue, VmEventField.ControlRegisterNewValue) & ~_ignoredBits) != 0,
        VmEventKind.MovToMsr =>
            _msrs.Contains(request.UInt32(VmEventField.Msr))
            && !(_onChangeOnly
                && request.Layout.Has(VmEventField.MsrOldValue)
                && Changes(request, VmEventField.MsrOldValue, VmEventField.MsrNewValue) == 0),
        VmEventKind.GuestRequest => _allowUserspace || !request.IsFromUserspace,
        VmEventKind.SingleStep => _steppedVCpus.Count == 0 || _steppedVCpus.Contains(request.VCpuId),
        _ => true,
    } && Selects(request);

    /// <summary>The pages of the watch, once they are known; null: it has none.</summary>
    public PageWatch? Pages { get; private set; }

    /// <summary>The pages of the watch's parts of the kernel were found.</summary>
    public void Locate(LocatedParts parts)
    {
        _located = parts;
        Pages = Pages! with { Ranges = parts.Pages };
    }

    /// <summary>Whether the watch selects all events of its kinds.</summary>
    public bool SelectsAll => _selection is null && _condition is null;

    /// <summary>Whether the watch selects this request among those of its kinds.</summary>
    public bool Selects(in RequestReader request) =>
        (_selection is null || _selection.Includes(request, _architecture)) && (_condition is null || _condition.Holds(request));

    /// <summary>
    /// Whether an access is to a part of the kernel that the watch names. By the memory, however the guest maps it; an event
    /// of the past tells only the linear address.
    /// </summary>
    private bool IsInKernelPart(in RequestReader request)
    {
        if (_located is { } located) return located.Contains(request.UInt64(VmEventField.MemAccessGfn) * SharedMemory.PageSize + request.UInt64(VmEventField.MemAccessOffset));
        if (Pages!.Kernel is not { } kernel) return true;
        ulong address = request.UInt64(VmEventField.MemAccessGla);
        foreach (KernelPart part in kernel.Parts)
        {
            if (address >= part.Range.First && address <= part.Range.Last) return true;
        }

        return false;
    }

    private static ulong Changes(in RequestReader request, VmEventField before, VmEventField after) =>
        request.UInt64(before) ^ request.UInt64(after);
}

/// <summary>A watch, and the filter that selects its requests.</summary>
internal readonly record struct FilteredWatch(EventWatch Watch, EventFilter Filter);
