using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class PageWatchTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void After_its_first_access_a_page_gets_its_rights_back(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(0x180, 0x181)));
        guest.Run(GuestAction.WritePage(0x180, 16, 1), GuestAction.WritePage(0x180, 16, 2), GuestAction.ReadPage(0x181), GuestAction.WritePage(0x182, 0, 3));
        MemAccessEvent one = seen.Next<MemAccessEvent>();
        Assert.Equal((0x180UL, 16UL, PageAccess.Write), (one.Gfn, one.Offset, one.Access));
        Assert.Equal(1, session.GetStatistics().Events);
        Assert.Equal(2u, guest.ReadMemory(0x180, 16));
        Assert.Equal((MemAccess.Rwx, MemAccess.RX), (guest.GetMemAccess(0x180), guest.GetMemAccess(0x181)));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_page_watched_again_and_again_stays_watched_and_the_guest_gets_on(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Repeated(PageAccess.Write | PageAccess.Execute, new GfnRange(0x180)));
        guest.Run(
            GuestAction.WritePage(0x180, 0, 1),
            GuestAction.WritePage(0x180, 0, 2),
            GuestAction.WalkPageTable(0x180),
            GuestAction.ExecutePage(0x180, 8),
            GuestAction.ExecutePage(0x180, 8));
        Assert.Equal(5, session.GetStatistics().Events);
        Assert.Equal(2u, guest.ReadMemory(0x180, 0));
        Assert.Equal(MemAccess.R, guest.GetMemAccess(0x180));
        for (int i = 0; i < 3; i++) Assert.Equal(PageAccess.Write, seen.Next<MemAccessEvent>().Access);
        for (int i = 0; i < 2; i++) Assert.Equal(PageAccess.Execute, seen.Next<MemAccessEvent>().Access);
        seen.Dispose();
        Assert.Equal(MemAccess.Rwx, guest.GetMemAccess(0x180));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void An_instruction_that_xen_cannot_emulate_runs_without_an_exception_and_its_page_is_watched_again(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Repeated(PageAccess.Write, new GfnRange(0x180, 0x181)));
        guest.Run(GuestAction.WritePageWithVector(0x180, 0, 5), GuestAction.WritePage(0x181, 0, 6));
        List<ulong> gfns = [seen.Next<MemAccessEvent>().Gfn];
        while (gfns[^1] != 0x181) gfns.Add(seen.Next<MemAccessEvent>().Gfn);

        // A vCPU that is kept from running for the whole moment asks once more.
        Assert.Equal([0x180u, 0x181u], gfns.Distinct());
        Assert.False(seen.TryTake(out _));
        Assert.Equal((5UL, 6UL), (guest.ReadMemory(0x180, 0), guest.ReadMemory(0x181, 0)));
        Assert.Equal(0, guest.VCpus[0].GetExceptions(6));
        Hosts.Until(() => guest.GetMemAccess(0x180) == MemAccess.RX);
        guest.Run(GuestAction.WritePage(0x180, 0, 7));
        Assert.Equal(0x180u, seen.Next<MemAccessEvent>().Gfn);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_watch_of_reads_does_not_show_the_writes_that_hardware_makes_it_stop(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Read, new GfnRange(0x180)));
        guest.Run(GuestAction.WritePage(0x180, 0, 7), GuestAction.ExecutePage(0x180, 64), GuestAction.ReadPage(0x180), GuestAction.WritePage(0x180, 8, 8));
        Assert.Equal(PageAccess.Read, seen.Next<MemAccessEvent>().Access);
        Assert.False(seen.TryTake(out _));
        Assert.Equal((7UL, 8UL), (guest.ReadMemory(0x180, 0), guest.ReadMemory(0x180, 8)));
        Assert.Equal(MemAccess.Rwx, guest.GetMemAccess(0x180));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_watch_of_the_whole_domain_covers_all_its_pages_and_those_to_come(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        EventSubscription whole = session.Watch(Watches.Pages(PageAccess.Write));
        EventSubscription part = session.Watch(Watches.Pages(PageAccess.Execute, new GfnRange(0x180)));
        Assert.Equal(MemAccess.RX, guest.DefaultMemAccess);
        Assert.Equal((MemAccess.RX, MemAccess.R), (guest.GetMemAccess(guest.Pages.MaximumGfn), guest.GetMemAccess(0x180)));
        whole.Dispose();
        Assert.Equal((MemAccess.Rwx, MemAccess.RW), (guest.DefaultMemAccess, guest.GetMemAccess(0x180)));
        part.Dispose();
        guest.AssertAllPagesFree();
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Emulated_without_writing_the_guest_goes_on_and_its_memory_is_as_it_was(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription held = session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(0x180)) with { Hold = true });
        Task writes = guest.VCpus[0].RunAsync(
            GuestAction.WritePage(0x180, 0, 1), GuestAction.WritePage(0x180, 8, 2), GuestAction.WritePage(0x180, 16, 3));
        held.Next<MemAccessEvent>().Respond(VmEventResponse.EmulateNoWrite);
        held.Next<MemAccessEvent>().Respond(VmEventResponse.Emulate);
        Assert.Equal(MemAccess.RX, guest.GetMemAccess(0x180));
        held.Next<MemAccessEvent>().Respond(VmEventResponse.Continue);
        writes.Finish();
        Assert.Equal((0UL, 2UL, 3UL), (guest.ReadMemory(0x180, 0), guest.ReadMemory(0x180, 8), guest.ReadMemory(0x180, 16)));
        Assert.Equal(MemAccess.Rwx, guest.GetMemAccess(0x180));
    }
}
