using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>
/// A processor writes to the stack when it delivers an interrupt, which is no instruction that Xen can emulate: the guest
/// would get a double fault, or an interrupt without end.
/// </summary>
public sealed class InterruptDeliveryTests : IDisposable
{
    private const ulong Stack = 0x180;
    private const byte DoubleFault = 8;

    private readonly SimulatedHypervisor _host = Hosts.Idle();
    private readonly MonitorSession _session;

    public InterruptDeliveryTests() => _session = _host.Session(ChannelPreference.Ring);

    private SimulatedVCpu VCpu => _host.Guest().VCpus[0];

    public void Dispose()
    {
        _session.Dispose();
        _host.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_interrupt_reaches_a_guest_whose_stack_stays_watched(bool isSoftware)
    {
        using EventSubscription seen = _session.Watch(Watches.Repeated(PageAccess.Write, new GfnRange(Stack)));
        VCpu.RunAsync(Interrupt(isSoftware), GuestAction.Nop()).Finish();
        Assert.Equal(0, VCpu.GetExceptions(DoubleFault));
        Assert.Equal(Stack, seen.Next<MemAccessEvent>().Gfn);

        // The stack is watched again.
        long before = VCpu.Events;
        Hosts.Until(() =>
        {
            VCpu.RunAsync(GuestAction.WritePage(Stack, 8, 1)).Finish();
            return VCpu.Events > before;
        });
    }

    [Theory]
    [InlineData(VmEventAction.Emulate, false)]
    [InlineData(VmEventAction.Emulate, true)]
    [InlineData(VmEventAction.EmulateNoWrite, false)]
    [InlineData(VmEventAction.EmulateNoWrite, true)]
    public void It_does_whatever_is_decided_for_the_instructions_that_write_there(VmEventAction action, bool isSoftware)
    {
        _session.SetDefaultResponse(VmEventKind.MemAccess, new VmEventResponse(action));
        using EventSubscription seen = _session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(Stack)));
        VCpu.RunAsync(Interrupt(isSoftware), GuestAction.Nop()).Finish();
        Assert.Equal(0, VCpu.GetExceptions(DoubleFault));
        Assert.NotEqual(0u, _host.Guest().ReadMemory(Stack, 0));
    }

    [Fact]
    public void A_loop_that_does_the_same_again_and_again_is_no_interrupt()
    {
        const int count = 500;
        using EventSubscription seen = _session.Watch(Watches.Repeated(PageAccess.Write, new GfnRange(Stack)));
        VCpu.RunAsync([.. Enumerable.Repeat(GuestAction.WritePage(Stack, 0, 5), count)]).Finish();
        Assert.Equal(count, VCpu.GetEvents(VmEventKind.MemAccess));
    }

    [Theory]
    [InlineData(GuestActionKind.InterruptOnStack)]
    [InlineData(GuestActionKind.WritePageWithVector)]
    public void A_page_is_not_restricted_again_before_the_vcpu_has_run_on(GuestActionKind what)
    {
        // On a host that has no time for it, it would meet the restriction again and again.
        using SimulatedHypervisor host = Hosts.Idle();
        List<long> sets = [];
        using RefusingHypervisor busy = new(host, call =>
        {
            if (call == nameof(IDomainMonitor.SetMemAccess)) lock (sets) sets.Add(Stopwatch.GetTimestamp());
            return false;
        })
        { HidesProgress = true };
        using MonitorSession session = busy.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(Watches.Repeated(PageAccess.Write, new GfnRange(Stack)));
        long before = Stopwatch.GetTimestamp();
        host.Guest().Run(what == GuestActionKind.InterruptOnStack ? GuestAction.InterruptOnStack(Stack) : GuestAction.WritePageWithVector(Stack, 0, 1));
        Hosts.Until(() =>
        {
            lock (sets) return sets.Count >= 3;
        });
        Assert.True(Stopwatch.GetElapsedTime(before, sets[2]) >= TimeSpan.FromMilliseconds(100));
    }

    private static GuestAction Interrupt(bool isSoftware) => isSoftware ? GuestAction.SoftwareInterrupt(Stack) : GuestAction.InterruptOnStack(Stack);
}
