using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>One of Xen's switches for events, with the options it is turned on with.</summary>
/// <param name="Kind">The kind of event.</param>
/// <param name="Selector">The control register or MSR; 0 for other kinds.</param>
/// <param name="IgnoredBits">Of a control register: the bits whose change raises no event.</param>
/// <param name="OnChangeOnly">Of a register: writing the same value raises no event.</param>
/// <param name="Sync">The vCPU waits for an answer.</param>
internal sealed record EventSwitch(VmEventKind Kind, uint Selector, ulong IgnoredBits, bool OnChangeOnly, bool Sync)
{
    /// <summary>The switch for instructions that Xen cannot emulate.</summary>
    public static EventSwitch FailedEmulation { get; } = new(VmEventKind.EmulUnimplemented, 0, 0, OnChangeOnly: false, Sync: true);

    /// <summary>What the host must be able to do.</summary>
    public MonitorCapabilities Capability => Kind switch
    {
        VmEventKind.WriteControlRegister => MonitorCapabilities.WriteControlRegister,
        VmEventKind.MovToMsr => MonitorCapabilities.MovToMsr,
        VmEventKind.SoftwareBreakpoint => MonitorCapabilities.SoftwareBreakpoint,
        VmEventKind.SingleStep => MonitorCapabilities.SingleStep,
        VmEventKind.GuestRequest => MonitorCapabilities.GuestRequest,
        VmEventKind.DebugException => MonitorCapabilities.DebugException,
        VmEventKind.Cpuid => MonitorCapabilities.Cpuid,
        VmEventKind.PrivilegedCall => MonitorCapabilities.PrivilegedCall,
        VmEventKind.DescriptorAccess => MonitorCapabilities.DescriptorAccess,
        VmEventKind.EmulUnimplemented => MonitorCapabilities.EmulUnimplemented,
        VmEventKind.VmExit => MonitorCapabilities.VmExit,
        VmEventKind.Io => MonitorCapabilities.Io,
        _ => MonitorCapabilities.None,
    };

    /// <summary>Whether it is about writes that can be denied.</summary>
    public bool IsRegisterWrite => Kind is VmEventKind.WriteControlRegister or VmEventKind.MovToMsr;

    /// <summary>The switches that a watch needs.</summary>
    public static IEnumerable<EventSwitch> NeededBy(EventWatch watch) => watch.Kinds.Distinct().SelectMany(kind => kind switch
    {
        VmEventKind.MemAccess => [],
        VmEventKind.WriteControlRegister => watch.ControlRegisters.Distinct().Select(register => new EventSwitch(
            kind,
            (uint)register,
            watch.ControlRegisterOptions.IgnoredBits,
            watch.ControlRegisterOptions.OnChangeOnly,
            watch.ControlRegisterOptions.Sync)),
        VmEventKind.MovToMsr => watch.Msrs.Distinct().Select(msr => new EventSwitch(kind, msr, 0, watch.MsrOnChangeOnly, true)),

        // A vCPU that waits for an answer after an exit has nothing done about it, and exits again for the same.
        VmEventKind.VmExit => [new EventSwitch(kind, 0, 0, false, Sync: false)],
        _ => Enumerable.Repeat(new EventSwitch(kind, 0, 0, false, true), 1),
    });

    /// <summary>Whether both are the same switch of Xen's, but with other options.</summary>
    public bool ConflictsWith(EventSwitch other) => Kind == other.Kind && Selector == other.Selector && this != other;

    /// <summary>Turns it on or off.</summary>
    public void Set(IDomainMonitor monitor, bool enable)
    {
        switch (Kind)
        {
            case VmEventKind.WriteControlRegister:
                monitor.MonitorWriteControlRegister(
                    (ControlRegister)Selector, enable, new ControlRegisterOptions(IgnoredBits, OnChangeOnly, Sync));
                break;
            case VmEventKind.MovToMsr: monitor.MonitorMovToMsr(Selector, enable, OnChangeOnly); break;
            case VmEventKind.SoftwareBreakpoint: monitor.MonitorSoftwareBreakpoint(enable); break;
            case VmEventKind.SingleStep: monitor.MonitorSingleStep(enable); break;
            case VmEventKind.GuestRequest: monitor.MonitorGuestRequest(enable, Sync, allowUserspace: false); break;
            case VmEventKind.DebugException: monitor.MonitorDebugException(enable, Sync); break;
            case VmEventKind.Cpuid: monitor.MonitorCpuid(enable); break;
            case VmEventKind.PrivilegedCall: monitor.MonitorPrivilegedCall(enable); break;
            case VmEventKind.DescriptorAccess: monitor.MonitorDescriptorAccess(enable); break;
            case VmEventKind.EmulUnimplemented: monitor.MonitorEmulUnimplemented(enable); break;
            case VmEventKind.VmExit: monitor.MonitorVmExit(enable, Sync); break;
            case VmEventKind.Io: monitor.MonitorIo(enable); break;
            default: throw new InvalidOperationException($"{Kind} has no switch.");
        }
    }
}
