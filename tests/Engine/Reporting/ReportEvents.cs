using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Recording;
using XenVmEvent.Reporting;
using XenVmEvent.Tests.Events;

namespace XenVmEvent.Tests.Reporting;

/// <summary>Events for reports, as recorded.</summary>
internal static class ReportEvents
{
    public static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Requests Requests = new(7);

    public static VmEvent At(
        double milliseconds, string domain = "web01", uint vcpu = 0, VmEventKind kind = VmEventKind.MemAccess, ulong gfn = 0x100, ulong instructionPointer = 0x1000, string? host = null)
    {
        VmEvent made = kind == VmEventKind.MemAccess
            ? Requests.Event(kind, (VmEventField.VCpuId, vcpu), (VmEventField.Rip, instructionPointer), (VmEventField.MemAccessGfn, gfn))
            : Requests.Event(kind, (VmEventField.VCpuId, vcpu), (VmEventField.Rip, instructionPointer));
        RecordedSource source = new(7, domain, made.Request.Layout, GuestArchitecture.X86, TimeSpan.Zero, hostName: host);
        VmEvent recorded = VmEventFactory.Create(source, made.Request, Noon.AddTicks((long)(milliseconds * TimeSpan.TicksPerMillisecond)).UtcTicks);
        recorded.Restore(VmEventResponse.Continue, ResponseState.Default, 0);
        return recorded;
    }

    public static string Report(IEnumerable<VmEvent> events, string? title = null)
    {
        EventReportBuilder report = new();
        foreach (VmEvent one in events) report.Add(one);
        return report.Build(title);
    }
}
