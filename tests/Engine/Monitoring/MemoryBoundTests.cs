using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>A guest that has mapped a page of its own at the highest gfn there is.</summary>
public class MemoryBoundTests
{
    private const ulong Highest = (1UL << 36) - 1;

    [Fact]
    public void Work_on_all_that_it_pretends_to_have_is_refused_with_the_reason_and_changes_nothing()
    {
        using SimulatedHypervisor simulated = Hosts.Idle();
        using RefusingHypervisor host = new(simulated, _ => false) { ChosenMaximumGfn = Highest };
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        Action[] absurd =
        [
            () => session.Watch(Watches.Pages(PageAccess.Write)),
            () => session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(0, Highest / 2))),
            () => session.Watch(Watches.Pages(PageAccess.Write, [.. Enumerable.Range(0, 64).Select(i => new GfnRange((ulong)i << 24, ((ulong)i + 1 << 24) - 1))])),
            () => session.CreateView(MemAccess.RX),
            () => session.SetMemAccess([new MemAccessRange(new GfnRange(5, Highest), MemAccess.R)]),
            () => session.GetMemAccess([]),
        ];
        foreach (Action action in absurd)
        {
            XenException refused = Hosts.Refused(XenErrorId.InvalidGfn, action);
            Assert.Contains("4096 pages of memory", refused.Message, StringComparison.Ordinal);
        }

        Assert.All(session.GetViews(), v => Assert.Equal(0, v.View));
        using EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(0x100, 0x1ff)));
        simulated.Guest().Run(GuestAction.WritePage(0x180, 0, 1));
        Assert.Equal(0x180ul, seen.Next<MemAccessEvent>().Gfn);
        Assert.Empty(session.Stop().TeardownFailures);
        simulated.Guest().AssertFree();
    }

    [Theory]
    [InlineData(0, 4095, 4095)]
    [InlineData(0, Highest, (1 << 24) + 2 * 4096 - 1)]
    [InlineData(Highest, Highest, Highest)]
    public void What_is_given_back_without_a_listener_is_bounded_too(ulong first, ulong last, ulong expected)
    {
        using SimulatedHypervisor simulated = Hosts.Idle();
        using RefusingHypervisor host = new(simulated, _ => false) { ChosenMaximumGfn = Highest };
        using IDomainMonitor monitor = host.EnableMonitor(simulated.Guest().Identity, ChannelPreference.Ring);
        Assert.Equal(expected, MemoryBound.LastOf(monitor, new GfnRange(first, last)));
        monitor.Disable();
    }
}
