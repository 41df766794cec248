using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>Makes an event of the type that belongs to a request's reason.</summary>
internal static class VmEventFactory
{
    public static VmEvent Create(VmEventSource source, RequestReader request, long timestamp) => request.Kind switch
    {
        VmEventKind.MemAccess => new MemAccessEvent(source, request, timestamp),
        VmEventKind.MemSharing => new MemSharingEvent(source, request, timestamp),
        VmEventKind.MemPaging => new MemPagingEvent(source, request, timestamp),
        VmEventKind.WriteControlRegister => new WriteControlRegisterEvent(source, request, timestamp),
        VmEventKind.MovToMsr => new MovToMsrEvent(source, request, timestamp),
        VmEventKind.SoftwareBreakpoint => new SoftwareBreakpointEvent(source, request, timestamp),
        VmEventKind.SingleStep => new SingleStepEvent(source, request, timestamp),
        VmEventKind.GuestRequest => new GuestRequestEvent(source, request, timestamp),
        VmEventKind.DebugException => new DebugExceptionEvent(source, request, timestamp),
        VmEventKind.Cpuid => new CpuidEvent(source, request, timestamp),
        VmEventKind.PrivilegedCall => new PrivilegedCallEvent(source, request, timestamp),
        VmEventKind.Interrupt => new InterruptEvent(source, request, timestamp),
        VmEventKind.DescriptorAccess => new DescriptorAccessEvent(source, request, timestamp),
        VmEventKind.EmulUnimplemented => new EmulUnimplementedEvent(source, request, timestamp),
        VmEventKind.VmExit => new VmExitEvent(source, request, timestamp),
        VmEventKind.Io => new IoEvent(source, request, timestamp),
        _ => new UnknownEvent(source, request, timestamp),
    };
}
