using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>Raises the watched events of a trace, by the same rules as for a workload's instructions.</summary>
internal sealed class TracedEvents(SimulatedDomain domain, SimulatedVCpu vcpu)
{
    private readonly MonitorSettings _settings = domain.Settings;

    /// <summary>Sends the event to the listener, if one watches it.</summary>
    public void Raise(TraceEntry entry)
    {
        RequestReader request = new(entry.Request.Span, domain.Layout);
        lock (domain.Gate)
        {
            if (!domain.IsMonitored || IsHeld(request) is not { } sync) return;
            vcpu.Request.Repeat(request);
            vcpu.Send(sync);
        }
    }

    /// <returns>Whether the vCPU waits for the answer; null if the event is not watched.</returns>
    private bool? IsHeld(RequestReader request) => request.Kind switch
    {
        VmEventKind.MemAccess => IsAccessHeld(request),
        VmEventKind.WriteControlRegister => IsWriteHeld(request),
        VmEventKind.MovToMsr => If(_settings.Reports(
            request.UInt32(VmEventField.Msr), request.UInt64(VmEventField.MsrNewValue), request.UInt64(VmEventField.MsrOldValue))),
        VmEventKind.SoftwareBreakpoint => If(_settings.SoftwareBreakpoint),
        VmEventKind.SingleStep => If(_settings.SingleStep && vcpu.IsSingleStepping),
        VmEventKind.GuestRequest => If(
            _settings.GuestRequest && (_settings.GuestRequestFromUserspace || !request.IsFromUserspace), _settings.GuestRequestSync),
        VmEventKind.DebugException => If(_settings.DebugException, _settings.DebugExceptionSync),
        VmEventKind.Cpuid => If(_settings.Cpuid),
        VmEventKind.PrivilegedCall => If(_settings.PrivilegedCall),
        VmEventKind.Interrupt => If(vcpu.TakeInterruptRequest()),
        VmEventKind.DescriptorAccess => If(_settings.DescriptorAccess),
        VmEventKind.EmulUnimplemented => If(_settings.EmulUnimplemented),
        VmEventKind.VmExit => If(_settings.VmExit, _settings.VmExitSync),
        VmEventKind.Io => If(_settings.Io),

        // Events without a switch come unasked.
        _ => request.IsSynchronous,
    };

    private static bool? If(bool isWatched, bool sync = true) => isWatched ? sync : null;

    private bool? IsWriteHeld(RequestReader request)
    {
        var register = (ControlRegister)request.UInt32(VmEventField.ControlRegisterIndex);
        bool isReported = Enum.IsDefined(register) && _settings.Reports(
            register, request.UInt64(VmEventField.ControlRegisterNewValue), request.UInt64(VmEventField.ControlRegisterOldValue));
        return isReported ? _settings[register]!.Value.Sync : null;
    }

    private bool? IsAccessHeld(RequestReader request)
    {
        ulong gfn = request.UInt64(VmEventField.MemAccessGfn);
        var flags = (MemAccessFlags)request.UInt32(VmEventField.MemAccessFlags);
        MemAccessFlags access = flags & MemAccessFlags.ReadWriteExecute;
        bool isPageWalk = (flags & MemAccessFlags.FaultInGpt) != 0;
        PagePermissions pages = vcpu.Pages;
        if (!pages.Forbids(gfn, access, isPageWalk)) return null;
        Violation violation = pages.Touch(gfn, access);
        return violation == Violation.None || (isPageWalk && _settings.IgnoresPageWalks) ? null : violation == Violation.Held;
    }
}
