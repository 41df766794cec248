using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// What an answer does besides its bytes: lifts a page's restriction, steps over an instruction, re-injects an
/// exception. Done before Xen sees the response. Used by the pump's thread.
/// </summary>
internal sealed class AnswerEffects(
    IDomainMonitor monitor, SessionViews views, EventSwitches switches, GuestBreakpoints breakpoints, InterruptDelivery delivery, GuestArchitecture architecture)
{
    private const byte DebugVector = 1;
    private const byte BreakpointVector = 3;

    /// <summary>Much longer than a vCPU takes from its request until it is paused.</summary>
    private static readonly TimeSpan LongestWayOff = TimeSpan.FromMilliseconds(100);

    /// <summary>Removes from an answer what would do harm.</summary>
    public VmEventResponse Permit(RequestReader request, VmEventResponse response)
    {
        // Xen applies the flags to whichever vCPU waits, which could by now wait for another event.
        if (!request.IsSynchronous) return VmEventResponse.Continue;
        response = switches.Permit(response);
        if (request.Kind == VmEventKind.MemAccess && breakpoints.Hides(request)) return PermitHidden(request, response);

        // There is an instruction of the guest to execute, and no breakpoint that it expects.
        bool isAboutBreakpoint = request.Kind == VmEventKind.SoftwareBreakpoint && response.Action is VmEventAction.Reinject or VmEventAction.Skip;
        return isAboutBreakpoint && !breakpoints.IsGuests(request) ? new VmEventResponse(response) { Action = VmEventAction.Continue } : response;
    }

    /// <summary>
    /// The access is stopped because the page has hidden breakpoints, perhaps only because of them. What was decided for
    /// watched pages is not for it then. An access that is emulated as it is can as well be done.
    /// </summary>
    private VmEventResponse PermitHidden(RequestReader request, VmEventResponse response)
    {
        PageAccess access = (PageAccess)(request.UInt32(VmEventField.MemAccessFlags) & (uint)MemAccessFlags.ReadWriteExecute);
        if (!views.PermissionsIn(request.UInt32(VmEventField.Altp2mIndex)).IsAskedFor(request.UInt64(VmEventField.MemAccessGfn), access))
            return VmEventResponse.Continue;
        bool isPlain = response.Action == VmEventAction.Emulate && response.EmulatedReadData.IsEmpty && (access & PageAccess.Execute) == 0;
        return isPlain ? new VmEventResponse(response) { Action = VmEventAction.Continue } : response;
    }

    /// <summary>Applies the effects, and adds to the response what they need there.</summary>
    /// <exception cref="XenException">Xen refused it.</exception>
    public void Perform(RequestReader request, VmEventResponse response, ResponseWriter writer)
    {
        if (response.Action == VmEventAction.Deny) AwaitStandstill(request.VCpuId);
        if (response.ToggleSingleStep) switches.Stepping.SwitchOver(request.VCpuId);
        if (response.View is not null) views.Steps.Leave(request.VCpuId);
        if (request.Kind == VmEventKind.SingleStep) breakpoints.EndStep(request.VCpuId, response.ToggleSingleStep);

        // Nothing is left of what the vCPU was doing.
        if (response.ResetForkState) return;
        switch (response.Action)
        {
            case VmEventAction.Continue: Continue(request, response, writer); break;
            case VmEventAction.Reinject: Reinject(request); break;
            case VmEventAction.Emulate or VmEventAction.EmulateNoWrite when request.Kind == VmEventKind.MemAccess:
                views.PermissionsIn(request.UInt32(VmEventField.Altp2mIndex)).NoteEmulated(request);
                if (response.EmulatedReadData.IsEmpty) breakpoints.RevealToEmulator(request);
                break;
            case VmEventAction.Emulate when request.Kind == VmEventKind.SoftwareBreakpoint:
                breakpoints.NoteEmulated(request);
                break;
        }

        if (request.Kind == VmEventKind.MemAccess && (writer.Flags & VmEventFlags.Emulate) != 0 && delivery.Causes(request)) LetDeliver(request, response, writer);
        if ((writer.Flags & (VmEventFlags.Emulate | VmEventFlags.SetEmulInsnData)) == VmEventFlags.Emulate) breakpoints.RevealTo(request);
    }

    /// <summary>
    /// The access is no instruction's but belongs to the delivery of an interrupt or exception. It is done, whatever was
    /// decided: without it the guest would lose the interrupt.
    /// </summary>
    private void LetDeliver(RequestReader request, VmEventResponse response, ResponseWriter writer)
    {
        writer.RemoveFlags(VmEventFlags.Emulate | VmEventFlags.EmulateNoWrite | VmEventFlags.SetEmulReadData | VmEventFlags.SetEmulInsnData);
        ViewPermissions permissions = views.PermissionsIn(request.UInt32(VmEventField.Altp2mIndex));
        if (!TryStepOver(request, response, permissions, writer)) permissions.LiftForAMoment(request.VCpuId);
    }

    /// <summary>
    /// Xen marks the write as waiting only after it has put the request into the channel. A denial that comes earlier
    /// is forgotten, and the write is done. Once the vCPU is off its processor, the mark is set.
    /// </summary>
    private void AwaitStandstill(uint vcpu)
    {
        long start = Stopwatch.GetTimestamp();
        while (monitor.GetVCpuState(vcpu).IsRunning && Stopwatch.GetElapsedTime(start) < LongestWayOff) Thread.SpinWait(10);
    }

    /// <summary>Makes the guest go on as if nobody had watched.</summary>
    private void Continue(RequestReader request, VmEventResponse response, ResponseWriter writer)
    {
        switch (request.Kind)
        {
            case VmEventKind.MemAccess when !IsInAnotherView(request, response):
                ViewPermissions permissions = views.PermissionsIn(request.UInt32(VmEventField.Altp2mIndex));
                if (permissions.Release(request) || !request.IsSynchronous) break;
                if (TryStepOver(request, response, permissions, writer)) break;
                if (architecture == GuestArchitecture.Arm64) permissions.LiftForAMoment(request.VCpuId);
                else writer.AddFlags(VmEventFlags.Emulate);
                break;
            case VmEventKind.SoftwareBreakpoint when request.IsSynchronous && breakpoints.TryPass(request, response, writer):
            case VmEventKind.EmulUnimplemented when breakpoints.TryLiftEmulated(request):
                break;
            case VmEventKind.SoftwareBreakpoint or VmEventKind.DebugException:
                Reinject(request);
                break;
            case VmEventKind.EmulUnimplemented:
                ViewPermissions view = views.PermissionsIn(request.UInt32(VmEventField.Altp2mIndex));
                if (MayStepOver(view, response)) views.Steps.Begin(request, writer);
                else if (!breakpoints.TryStepOver(view.EmulatedPage(request.VCpuId), request.VCpuId)) view.LiftForAMoment(request.VCpuId);
                break;
            case VmEventKind.SingleStep when response.View is null:
                views.Steps.End(request.VCpuId, response.ToggleSingleStep, writer);
                break;
            case VmEventKind.DescriptorAccess:
                // Without emulation the vCPU executes it again and raises the event again.
                writer.AddFlags(VmEventFlags.Emulate);
                break;
            case VmEventKind.Io or VmEventKind.VmExit when response.Registers.ContainsKey(SettableRegister.Rip):
                // The vCPU goes on elsewhere and leaves undone what it stopped at.
                break;
            case VmEventKind.Io when request.IsSynchronous && request.UInt32(VmEventField.IoIn) == 0:
                // Xen goes by the answer's reason alone, and with this one it emulates any instruction.
                writer.Set(VmEventField.Reason, (ulong)VmEventKind.DescriptorAccess);
                writer.AddFlags(VmEventFlags.Emulate);
                break;
            case VmEventKind.Io or VmEventKind.VmExit when request.IsSynchronous:
                // Xen has not done it yet and would only raise the event again. Emulation does not work for a read from
                // a port: until the device model has delivered the data, an interrupt can come in between, and other
                // I/O with it, for which Xen would crash the guest.
                switches.LetPass(request.Kind, request.VCpuId);
                break;
        }
    }

    /// <summary>Makes the vCPU do its access to a page that stays restricted in a single step, if it can.</summary>
    private bool TryStepOver(RequestReader request, VmEventResponse response, ViewPermissions permissions, ResponseWriter writer)
    {
        if (!permissions.Owns(request.UInt64(VmEventField.MemAccessGfn)) || !MayStepOver(permissions, response)) return breakpoints.TryStepOver(request, response);
        views.Steps.Begin(request, writer);
        return true;
    }

    /// <summary>Whether the vCPU goes on in a place where the page has other permissions.</summary>
    private static bool IsInAnotherView(RequestReader request, VmEventResponse response) =>
        response.View is { } view && view != request.UInt32(VmEventField.Altp2mIndex);

    /// <summary>Gives the guest back the exception that was taken from it.</summary>
    private void Reinject(RequestReader request)
    {
        if (!request.IsSynchronous) return;
        monitor.InjectTrap(request.VCpuId, request.Kind == VmEventKind.SoftwareBreakpoint
            ? new TrapInjection(
                BreakpointVector,
                (byte)request.UInt32(VmEventField.BreakpointType),
                (byte)request.UInt32(VmEventField.BreakpointInstructionLength))
            : new TrapInjection(
                DebugVector,
                (byte)request.UInt32(VmEventField.DebugType),
                (byte)request.UInt32(VmEventField.DebugInstructionLength),
                request.UInt64(VmEventField.DebugPendingDebug)));
    }

    /// <summary>
    /// Whether the instruction can be done in view 0: from another view, on a processor that can single-step, with an
    /// answer that changes neither view nor stepping.
    /// </summary>
    private bool MayStepOver(ViewPermissions permissions, VmEventResponse response) =>
        permissions.View != 0
        && views.Steps.IsPossible
        && response is { View: null, ToggleSingleStep: false, FastSingleStepView: null };
}
