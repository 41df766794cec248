using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>Turns a decision into the bytes of a response, and does before it what belongs to it. Used by the pump's thread.</summary>
internal sealed class ResponseComposer(IDomainMonitor monitor, PageRights pages, VmEventLayout layout)
{
    private const byte DebugVector = 1;
    private const byte BreakpointVector = 3;
    private const ulong ArmInstructionLength = 4;

    /// <summary>Much longer than a vCPU takes from its request to standing still.</summary>
    private static readonly TimeSpan LongestWayOff = TimeSpan.FromMilliseconds(100);

    /// <param name="request">The request; not within <paramref name="target"/>.</param>
    /// <param name="response">The decision.</param>
    /// <param name="target">Receives the response.</param>
    public void Compose(RequestView request, VmEventResponse response, Span<byte> target)
    {
        ResponseWriter writer = new(target, layout);
        writer.Begin(request);
        switch (request.Kind)
        {
            case VmEventKind.MemAccess:
                // Xen emulates only what still conflicts with the page's rights, judged by these.
                writer.Copy(request, VmEventField.MemAccessGfn);
                writer.Copy(request, VmEventField.MemAccessOffset);
                writer.Copy(request, VmEventField.MemAccessGla);
                writer.Copy(request, VmEventField.MemAccessFlags);
                break;
            case VmEventKind.WriteControlRegister:
                // Which register's write a Deny is about.
                writer.Copy(request, VmEventField.ControlRegisterIndex);
                break;
        }

        if (response == VmEventResponse.Deny) AwaitStandstill(request.VCpuId);
        writer.AddFlags(response.Flags);
        if (response == VmEventResponse.Continue) Continue(request, writer);
    }

    /// <summary>
    /// Xen marks the write as waiting only after it has put the request: a denial that comes before is forgotten, and the
    /// write done. Once the vCPU is off its processor the mark is there.
    /// </summary>
    private void AwaitStandstill(uint vcpu)
    {
        long start = Stopwatch.GetTimestamp();
        while (monitor.IsVCpuRunning(vcpu) && Stopwatch.GetElapsedTime(start) < LongestWayOff) Thread.SpinWait(10);
    }

    /// <summary>Has the guest go on as if nobody had watched.</summary>
    private void Continue(RequestView request, ResponseWriter writer)
    {
        switch (request.Kind)
        {
            case VmEventKind.MemAccess:
                if (!Release(request)) writer.AddFlags(VmEventFlags.Emulate);
                break;
            case VmEventKind.SoftwareBreakpoint when request.IsSynchronous:
                monitor.InjectTrap(request.VCpuId, new TrapInjection(
                    BreakpointVector,
                    (byte)request.UInt32(VmEventField.BreakpointType),
                    (byte)request.UInt32(VmEventField.BreakpointInstructionLength)));
                break;
            case VmEventKind.DebugException when request.IsSynchronous:
                monitor.InjectTrap(request.VCpuId, new TrapInjection(
                    DebugVector,
                    (byte)request.UInt32(VmEventField.DebugType),
                    (byte)request.UInt32(VmEventField.DebugInstructionLength),
                    request.UInt64(VmEventField.DebugPendingDebug)));
                break;
            case VmEventKind.Cpuid:
                // The registers hold CPUID's results already; without stepping over, the vCPU executes it again.
                Advance(request, writer, VmEventField.Rip, request.UInt32(VmEventField.CpuidInstructionLength));
                break;
            case VmEventKind.PrivilegedCall:
                Advance(request, writer, VmEventField.ArmPc, ArmInstructionLength);
                break;
            case VmEventKind.EmulUnimplemented:
                pages.LiftForAMoment(request.VCpuId);
                break;
            case VmEventKind.DescriptorAccess:
                // Without emulation the vCPU executes it again, and raises the event again.
                writer.AddFlags(VmEventFlags.Emulate);
                break;
        }
    }

    private static void Advance(RequestView request, ResponseWriter writer, VmEventField instructionPointer, ulong bytes)
    {
        writer.CopyRegisters(request);
        writer.Set(instructionPointer, request.UInt64(instructionPointer) + bytes);
        writer.AddFlags(VmEventFlags.SetRegisters);
    }

    private bool Release(RequestView request) => pages.Release(
        request.VCpuId,
        request.UInt64(VmEventField.MemAccessGfn),
        (PageAccess)(request.UInt32(VmEventField.MemAccessFlags) & (uint)MemAccessFlags.ReadWriteExecute));
}
