using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Policy;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>What an event allocates in the dispatcher and a subscription's buffer, all on this test's thread.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Events = 1000;

    private readonly SimulatedHypervisor _host = Hosts.Idle();
    private readonly IDomainMonitor _monitor;
    private readonly EventPump _idlePump;

    public AllocationTests()
    {
        _monitor = _host.Enable(ChannelPreference.Ring);
        _idlePump = new EventPump(_monitor, _host, _host.Guest().Identity, new MonitorOptions());
    }

    [Theory]
    [InlineData(VmEventKind.Cpuid)]
    [InlineData(VmEventKind.MemAccess)]
    [InlineData(VmEventKind.WriteControlRegister)]
    [InlineData(VmEventKind.MovToMsr)]
    [InlineData(VmEventKind.DescriptorAccess)]
    [InlineData(VmEventKind.GuestRequest)]
    public void A_delivered_event_is_one_object_and_an_unwanted_one_none(VmEventKind kind)
    {
        byte[] request = RequestOf(kind);
        EventDispatcher dispatcher = DispatcherFor(request);
        Assert.Equal(0, AllocatedBy(() => dispatcher.TakeRequests(Events), dispatcher));

        EventWatch watch = new()
        {
            Kinds = [kind],
            Pages = kind == VmEventKind.MemAccess ? new PageWatch { Access = PageAccess.Write } : null,
            Msrs = [0],
        };

        EventSubscription others = Subscribe(watch with { Selection = new EventSelection { InstructionPointers = [new AddressRange(1)] } });
        dispatcher.Add(others);
        Assert.Equal(0, AllocatedBy(() => dispatcher.TakeRequests(Events), dispatcher));
        dispatcher.Remove(others);

        // Not disposed: its pump does not run, and nothing was switched on.
        EventSubscription subscription = Subscribe(watch);
        dispatcher.Add(subscription);
        VmEvent? last = null;
        long allocated = AllocatedBy(() => last = TakeAll(dispatcher, subscription), dispatcher);
        Assert.Equal(kind, last!.Kind);
        Assert.Equal(Events * SizeOf(request), allocated);
        dispatcher.Remove(subscription);
    }

    [Fact]
    public void A_rule_that_decides_and_shows_nothing_allocates_nothing()
    {
        byte[] request = RequestOf(VmEventKind.Cpuid);
        EventDispatcher dispatcher = DispatcherFor(request);
        EventRules rules = Policies.Rules(
            "{name: other, event: Cpuid, when: leaf == 7 or rip in 1..3, answer: continue}",
            "{name: hide, event: Cpuid, when: leaf == 0, set: {rcx: rcx & 0x7fffffff, rax: vcpu + 1}, report: none}");
        EventSubscription subscription = Subscribe(new EventWatch { Kinds = [VmEventKind.Cpuid] });
        RuleDecider decider = new(rules, _host.Architecture, start: 0, now: 0);
        subscription.DecideBy(decider);
        dispatcher.Add(subscription);
        Assert.Equal(0, AllocatedBy(() => dispatcher.TakeRequests(Events), dispatcher));
        Assert.True(decider.Counts[1].Answered >= Events);
        dispatcher.Remove(subscription);
    }

    public void Dispose()
    {
        _monitor.Disable();
        _monitor.Dispose();
        _host.Dispose();
    }

    private static VmEvent? TakeAll(EventDispatcher dispatcher, EventSubscription subscription)
    {
        VmEvent? last = null;
        dispatcher.TakeRequests(Events);
        for (int i = 0; i < Events; i++) Assert.True(subscription.TryTake(out last));
        return last;
    }

    /// <summary>
    /// The least that it allocates. Lists make room once and keep it, and the runtime may allocate at any time.
    /// </summary>
    private static long AllocatedBy(Action action, EventDispatcher dispatcher)
    {
        const int turns = 6;
        long least = long.MaxValue;
        for (int i = 0; i < turns; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            dispatcher.Flush();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private EventSubscription Subscribe(EventWatch watch) => new(_idlePump, watch, new EventFilter(watch, _host.Architecture), arrival: null);

    private byte[] RequestOf(VmEventKind kind)
    {
        byte[] request = new byte[_host.Layout.Size];
        ResponseWriter writer = new(request, _host.Layout);
        writer.Set(VmEventField.Version, (ulong)_host.Layout.Version);
        writer.Set(VmEventField.Reason, (ulong)kind);
        writer.Set(VmEventField.Flags, (ulong)VmEventFlags.VCpuPaused);
        if (kind == VmEventKind.MemAccess) writer.Set(VmEventField.MemAccessFlags, (ulong)MemAccessFlags.Write);
        if (kind == VmEventKind.WriteControlRegister) writer.Set(VmEventField.ControlRegisterNewValue, 1);
        return request;
    }

    private EventDispatcher DispatcherFor(byte[] request)
    {
        EventSwitches switches = new(_monitor, _host.Layout, 1);
        SessionViews views = new(_monitor, switches, _host.Guest().Identity);
        return new EventDispatcher(
            new RepeatingChannel(request, _monitor.Ports),
            new AnswerEffects(
                _monitor,
                views,
                switches,
                new GuestBreakpoints(_host, _host.Guest().Identity, _monitor, views, switches, new MonitorOptions()),
                new InterruptDelivery(_host, _host.Guest().Identity, _monitor),
                _host.Architecture),
            new DefaultAnswers(_host.Architecture),
            new StatisticsCollector(1),
            Source(),
            Watches.Never,
            vcpus: 1);
    }

    private SessionSource Source() => new(1, Hosts.Guest, _host.Layout, _host.Architecture, _idlePump, new LossLog(isComplete: false));

    private long SizeOf(byte[] request)
    {
        SessionSource source = Source();
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = VmEventFactory.Create(source, new RequestReader(request, _host.Layout), 0);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
