using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>One of Xen's switches for events.</summary>
/// <param name="Kind">The kind of event.</param>
/// <param name="Selector">The control register or MSR; 0 for other kinds.</param>
internal readonly record struct EventSwitch(VmEventKind Kind, uint Selector = 0)
{
    /// <summary>Whether it is about writes that can be denied.</summary>
    public bool IsRegisterWrite => Kind is VmEventKind.WriteControlRegister or VmEventKind.MovToMsr;

    /// <summary>
    /// The capability that a host needs to raise a kind of event; none for kinds that need no switch.
    /// </summary>
    public static MonitorCapabilities CapabilityFor(VmEventKind kind) => kind switch
    {
        VmEventKind.WriteControlRegister => MonitorCapabilities.WriteControlRegister,
        VmEventKind.MovToMsr => MonitorCapabilities.MovToMsr,
        VmEventKind.SoftwareBreakpoint => MonitorCapabilities.SoftwareBreakpoint,
        VmEventKind.SingleStep => MonitorCapabilities.SingleStep,
        VmEventKind.GuestRequest => MonitorCapabilities.GuestRequest,
        VmEventKind.DebugException => MonitorCapabilities.DebugException,
        VmEventKind.Cpuid => MonitorCapabilities.Cpuid,
        VmEventKind.PrivilegedCall => MonitorCapabilities.PrivilegedCall,
        VmEventKind.Interrupt => MonitorCapabilities.Interrupt,
        VmEventKind.DescriptorAccess => MonitorCapabilities.DescriptorAccess,
        VmEventKind.EmulUnimplemented => MonitorCapabilities.EmulUnimplemented,
        VmEventKind.VmExit => MonitorCapabilities.VmExit,
        VmEventKind.Io => MonitorCapabilities.Io,
        _ => MonitorCapabilities.None,
    };

    /// <summary>Refuses a kind of event that a host cannot raise.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.NotSupported"/>.</exception>
    public static void EnsurePossible(VmEventKind kind, MonitorCapabilities capabilities)
    {
        MonitorCapabilities needed = CapabilityFor(kind);
        if ((capabilities & needed) == needed) return;
        throw new XenException(
            XenErrorId.NotSupported,
            $"This host cannot raise {kind} events for this domain.",
            "Watch other kinds of event, or run the guest on a host whose hardware and Xen version can.");
    }

    /// <summary>The switches that a watch needs, and their options.</summary>
    public static IEnumerable<(EventSwitch Switch, SwitchOptions Options)> NeededBy(EventWatch watch)
    {
        foreach (VmEventKind kind in watch.Kinds.Distinct())
        {
            switch (kind)
            {
                // Page access comes from permissions, an interrupt from an answer, and the others need no switch.
                case VmEventKind.MemAccess or VmEventKind.Interrupt or VmEventKind.MemSharing or VmEventKind.MemPaging or VmEventKind.Unknown:
                    break;
                case VmEventKind.WriteControlRegister:
                    foreach (ControlRegister register in watch.ControlRegisters.Distinct())
                    {
                        yield return (new(kind, (uint)register), new(!watch.Async, watch.IgnoredBits, watch.OnChangeOnly));
                    }

                    break;
                case VmEventKind.MovToMsr:
                    foreach (uint msr in watch.Msrs.Distinct()) yield return (new(kind, msr), new(OnChangeOnly: watch.OnChangeOnly));
                    break;
                case VmEventKind.GuestRequest: yield return (new(kind), new(!watch.Async, AllowUserspace: watch.AllowUserspace)); break;
                case VmEventKind.DebugException: yield return (new(kind), new(!watch.Async)); break;

                // A vCPU that waits after an exit makes no progress: only for somebody who may answer.
                case VmEventKind.VmExit: yield return (new(kind), new(Sync: watch.Hold)); break;
                default: yield return (new(kind), new()); break;
            }
        }
    }

    /// <summary>Turns it on or off.</summary>
    public void Set(IDomainMonitor monitor, bool enable, SwitchOptions options)
    {
        switch (Kind)
        {
            case VmEventKind.WriteControlRegister:
                monitor.MonitorWriteControlRegister(
                    (ControlRegister)Selector, enable, new ControlRegisterOptions(options.IgnoredBits, options.OnChangeOnly, options.Sync));
                break;
            case VmEventKind.MovToMsr: monitor.MonitorMovToMsr(Selector, enable, options.OnChangeOnly); break;
            case VmEventKind.SoftwareBreakpoint: monitor.MonitorSoftwareBreakpoint(enable); break;
            case VmEventKind.SingleStep: monitor.MonitorSingleStep(enable); break;
            case VmEventKind.GuestRequest: monitor.MonitorGuestRequest(enable, options.Sync, options.AllowUserspace); break;
            case VmEventKind.DebugException: monitor.MonitorDebugException(enable, options.Sync); break;
            case VmEventKind.Cpuid: monitor.MonitorCpuid(enable); break;
            case VmEventKind.PrivilegedCall: monitor.MonitorPrivilegedCall(enable); break;
            case VmEventKind.DescriptorAccess: monitor.MonitorDescriptorAccess(enable); break;
            case VmEventKind.EmulUnimplemented: monitor.MonitorEmulUnimplemented(enable); break;
            case VmEventKind.VmExit: monitor.MonitorVmExit(enable, options.Sync); break;
            case VmEventKind.Io: monitor.MonitorIo(enable); break;
            default: throw new InvalidOperationException($"{Kind} has no switch.");
        }
    }
}

/// <summary>
/// The options of one of Xen's switches for events. An option that a kind does not have keeps its default.
/// </summary>
/// <param name="Sync">The vCPU waits for an answer.</param>
/// <param name="IgnoredBits">For a control register: the bits whose changes raise no event.</param>
/// <param name="OnChangeOnly">For a register: a write of the same value raises no event.</param>
/// <param name="AllowUserspace">
/// For guest requests: the guest's programs may make them too, not only its kernel.
/// </param>
internal readonly record struct SwitchOptions(bool Sync = true, ulong IgnoredBits = 0, bool OnChangeOnly = false, bool AllowUserspace = false)
{
    /// <summary>Whether one switch can serve both: a vCPU either waits for an answer or does not.</summary>
    public bool GoesWith(SwitchOptions other) => Sync == other.Sync;

    /// <summary>
    /// The options that show everything that either asks for; each watch's filter takes its own events from that.
    /// </summary>
    public SwitchOptions And(SwitchOptions other) => new(
        Sync, IgnoredBits & other.IgnoredBits, OnChangeOnly && other.OnChangeOnly, AllowUserspace || other.AllowUserspace);
}
