using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recording;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Events;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Recording;

public sealed class ReplayTests : IDisposable
{
    private const int VCpus = 4;
    private const string Domain = "web07";

    private static readonly DateTimeOffset Noon = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly VmEventKind[] Kinds =
        [VmEventKind.MemAccess, VmEventKind.Cpuid, VmEventKind.WriteControlRegister, VmEventKind.MovToMsr, VmEventKind.SoftwareBreakpoint, VmEventKind.GuestRequest];

    private readonly TemporaryRoot _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void What_was_recorded_comes_again_in_each_vcpus_order_and_then_the_domain_ends(ChannelPreference channel)
    {
        List<VmEvent> recorded = [.. Enumerable.Range(0, 300).Select(i => Any(i))];
        (List<VmEvent> seen, SessionEnd end) = Replay(recorded, Everything, channel);
        Assert.Equal(recorded.Count, seen.Count);
        Assert.Equal((SessionEndReason.DomainEnded, DomainState.Replayed), (end.Reason, end.DomainState));
        for (uint vcpu = 0; vcpu < VCpus; vcpu++)
        {
            Assert.Equal(recorded.Where(e => e.VCpu == vcpu).Select(Describe), seen.Where(e => e.VCpu == vcpu).Select(Describe));
        }

        // The ring is filled in the order of the recording, over all vCPUs.
        if (channel == ChannelPreference.Ring) Assert.Equal(recorded.Select(Describe), seen.Select(Describe));
    }

    [Fact]
    public void Nothing_comes_that_is_not_watched()
    {
        List<VmEvent> recorded = [.. Enumerable.Range(0, 120).Select(i => Any(i))];
        (List<VmEvent> seen, _) = Replay(recorded, Watches.For(VmEventKind.Cpuid), ChannelPreference.Auto);
        Assert.Equal(recorded.Where(e => e.Kind == VmEventKind.Cpuid).Select(Describe).Order(), seen.Select(Describe).Order());
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 3)]
    public void A_page_that_got_its_rights_back_raises_nothing_more(bool repeat, int expected)
    {
        // All of one vCPU: another may touch the page before it has its permissions back.
        VmEvent[] recorded = [.. Enumerable.Range(0, 3).Select(i => Page(i * VCpus, gfn: 0x123_456))];
        EventWatch watch = new() { Kinds = [VmEventKind.MemAccess], Pages = new PageWatch { Access = PageAccess.Write, Ranges = [new GfnRange(0x123_456, 0x123_456)], Repeat = repeat } };
        Assert.Equal(expected, Replay(recorded, watch, ChannelPreference.Auto).Seen.Count);
    }

    [Fact]
    public void Answers_can_be_tried_on_it()
    {
        VmEvent[] recorded = [.. Enumerable.Range(0, 20).Select(i => Request(i, VmEventKind.MovToMsr, (VmEventField.Msr, 0xc000_0082), (VmEventField.MsrNewValue, (ulong)i)))];
        EventWatch watch = Watches.Msrs(0xc000_0082) with { Hold = true };
        (List<VmEvent> seen, SessionEnd end) = Replay(
            recorded, watch, ChannelPreference.Auto, e => e.Respond(((MovToMsrEvent)e).NewValue % 2 == 0 ? VmEventResponse.Deny : VmEventResponse.Continue));
        Assert.Equal(20, seen.Count);
        Assert.Equal(10, seen.Count(e => e.Response == VmEventResponse.Deny));
        Assert.All(seen, e => Assert.Equal(ResponseState.Given, e.ResponseState));
        Assert.Empty(end.TeardownFailures);
    }

    [Fact]
    public void It_goes_at_the_pace_of_the_recording_unless_told_otherwise()
    {
        VmEvent[] recorded = [Request(0, VmEventKind.Cpuid), Request(1500, VmEventKind.Cpuid)];
        (List<VmEvent> seen, _) = Replay(recorded, Watches.For(VmEventKind.Cpuid), ChannelPreference.Auto, isFast: false);
        Assert.InRange(seen[1].Time - seen[0].Time, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void A_recording_of_two_hosts_or_of_none_is_refused()
    {
        Assert.Equal(XenErrorId.InvalidRecording, Refusal([]));
        Assert.Equal(XenErrorId.InvalidRecording, Refusal([Request(0, VmEventKind.Cpuid), Recorded(new Requests(6).Event(VmEventKind.Cpuid), 1)]));
        Assert.Equal(XenErrorId.InvalidRecording, Refusal([Recorded(new Requests(7).Event(VmEventKind.Cpuid, (VmEventField.VCpuId, 5000)), 1)]));
        Assert.Equal(XenErrorId.RecordingFailed, Assert.Throws<XenException>(() => RecordedHost.Open(Path.Combine(_folder.Path, "none"))).Id);
    }

    private static EventWatch Everything => new()
    {
        Kinds = Kinds,
        Pages = new PageWatch { Access = PageAccess.Write },
        ControlRegisters = [ControlRegister.CR3],
        Msrs = [0xc000_0082],
        AllowUserspace = true,
    };

    private XenErrorId Refusal(VmEvent[] events) => Assert.Throws<XenException>(() => RecordedHost.Open(Write(events))).Id;

    private (List<VmEvent> Seen, SessionEnd End) Replay(
        IEnumerable<VmEvent> recorded, EventWatch watch, ChannelPreference channel, Action<VmEvent>? answer = null, bool isFast = true)
    {
        using SimulatedHypervisor host = new(RecordedHost.Open(Write(recorded), isFast));
        using MonitorSession session = MonitorSession.Start(host, host.FindDomain(Domain), new MonitorOptions { Channel = channel, ResponseTimeout = Watches.Never });
        using EventSubscription subscription = session.Watch(watch);
        List<VmEvent> seen = [];
        while (subscription.Take(TimeSpan.FromMinutes(1)) is { } one)
        {
            seen.Add(one);
            answer?.Invoke(one);
        }

        Assert.True(subscription.IsCompleted);
        return (seen, session.Stop());
    }

    private string Write(IEnumerable<VmEvent> events)
    {
        string path = Path.Combine(_folder.Path, "trace.jsonl");
        using RecordingWriter writer = RecordingWriter.Open(path);
        writer.Begin();
        foreach (VmEvent one in events) writer.Write(one);
        writer.Close();
        return path;
    }

    private static (VmEventKind Kind, ulong Rax, string Details) Describe(VmEvent one) => (one.Kind, ((X86Registers)one.Registers).Rax, one.Details);

    private static VmEvent Any(int i) => Kinds[i % Kinds.Length] switch
    {
        VmEventKind.MemAccess => Page(i, 0x200 + (ulong)i),
        VmEventKind.WriteControlRegister => Request(
            i, VmEventKind.WriteControlRegister, (VmEventField.ControlRegisterIndex, (ulong)ControlRegister.CR3), (VmEventField.ControlRegisterNewValue, (ulong)i)),
        VmEventKind.MovToMsr => Request(i, VmEventKind.MovToMsr, (VmEventField.Msr, 0xc000_0082), (VmEventField.MsrNewValue, (ulong)i)),
        VmEventKind kind => Request(i, kind),
    };

    private static VmEvent Page(int i, ulong gfn) => Request(
        i, VmEventKind.MemAccess, (VmEventField.MemAccessGfn, gfn), (VmEventField.MemAccessFlags, (ulong)(MemAccessFlags.Write | MemAccessFlags.FaultWithGla)));

    private static VmEvent Request(int i, VmEventKind kind, params (VmEventField Field, ulong Value)[] fields) =>
        Recorded(new Requests(7).Event(kind, [.. fields, (VmEventField.VCpuId, (ulong)(i * 7 % VCpus)), (VmEventField.Rax, (ulong)i)]), i);

    private static VmEvent Recorded(VmEvent one, int milliseconds)
    {
        RecordedSource source = new(7, Domain, one.Request.Layout, GuestArchitecture.X86, TimeSpan.Zero);
        VmEvent recorded = VmEventFactory.Create(source, one.Request, Noon.AddMilliseconds(milliseconds).UtcTicks);
        recorded.Restore(VmEventResponse.Continue, ResponseState.Default, 0);
        return recorded;
    }
}
