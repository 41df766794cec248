using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class MemAccessByHandTests
{
    private const ulong Gfn = 0x180;

    /// <summary>Sees what happens against permissions set by hand, and restricts nothing.</summary>
    private static readonly EventWatch Seeing = Watches.Pages(PageAccess.None);

    [Fact]
    public void Thousands_of_scattered_pages_are_set_with_one_call_and_read_as_runs()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        int calls = 0;
        using IHypervisor counted = new RefusingHypervisor(host, call =>
        {
            if (call == nameof(IDomainMonitor.SetMemAccess)) calls++;
            return false;
        });
        using MonitorSession session = counted.Session(ChannelPreference.Auto);
        session.SetMemAccess([.. Enumerable.Range(0, 2000).Select(i => Range((ulong)i * 2, MemAccess.R))]);
        Assert.Equal(1, calls);
        Assert.Equal(
            [(0ul, MemAccess.R), (1, MemAccess.Rwx), (2, MemAccess.R)],
            session.GetMemAccess([new GfnRange(0, 2)]).Select(r => (r.Gfn.First, r.Access)));
        Assert.Equal(4096, session.GetMemAccess([]).Sum(r => (long)r.Gfn.Count));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring, MemAccess.R)]
    [InlineData(ChannelPreference.Slotted, MemAccess.None)]
    [InlineData(ChannelPreference.Ring, MemAccess.RPw)]
    [InlineData(ChannelPreference.Ring, MemAccess.X)]
    public void What_the_guest_does_against_rights_set_by_hand_is_done_and_the_rights_stay(ChannelPreference channel, MemAccess access)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        session.SetMemAccess([Range(Gfn, access)]);
        using EventSubscription seen = session.Watch(Seeing);
        guest.Run(GuestAction.WritePage(Gfn, 0, 1), GuestAction.WritePage(Gfn, 0, 2), GuestAction.WritePageWithVector(Gfn, 8, 3));
        for (int i = 0; i < 2; i++) Assert.Equal(PageAccess.Write, seen.Next<MemAccessEvent>().Access);
        Assert.Equal((2ul, 3ul, 0), (guest.ReadMemory(Gfn, 0), guest.ReadMemory(Gfn, 8), guest.VCpus[0].GetExceptions(6)));
        Hosts.Until(() => guest.GetMemAccess(Gfn) == access);
    }

    [Fact]
    public void N2rwx_logs_the_first_access_without_stopping_the_guest()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        session.SetMemAccess([Range(Gfn, MemAccess.N2rwx)]);
        using EventSubscription seen = session.Watch(Seeing);
        guest.Run(GuestAction.WritePage(Gfn, 0, 1), GuestAction.WritePage(Gfn, 0, 2));
        Assert.False(seen.Next<MemAccessEvent>().IsSynchronous);
        Assert.Equal((1, MemAccess.Rwx, 2ul), (session.GetStatistics().Events, guest.GetMemAccess(Gfn), guest.ReadMemory(Gfn, 0)));
    }

    [Fact]
    public void Rx2rw_gives_way_to_the_first_write_and_then_forbids_execution()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        session.SetMemAccess([Range(Gfn, MemAccess.Rx2rw)]);
        using EventSubscription seen = session.Watch(Seeing);
        guest.Run(GuestAction.ExecutePage(Gfn), GuestAction.WritePage(Gfn, 0, 1), GuestAction.ExecutePage(Gfn), GuestAction.ExecutePage(Gfn));
        for (int i = 0; i < 2; i++) Assert.Equal(PageAccess.Execute, seen.Next<MemAccessEvent>().Access);
        Assert.Equal((2, MemAccess.RW), (session.GetStatistics().Events, guest.GetMemAccess(Gfn)));
    }

    [Theory]
    [InlineData(MemAccess.Rx2rw, MemAccess.RX, MemAccess.RW)]
    [InlineData(MemAccess.N2rwx, MemAccess.None, MemAccess.Rwx)]
    public void Rights_that_give_way_do_so_too_where_a_watch_was_in_between(MemAccess set, MemAccess watched, MemAccess after)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        using EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(Gfn)));
        session.SetMemAccess([Range(Gfn, set)]);
        Assert.Equal(watched, guest.GetMemAccess(Gfn));
        guest.Run(GuestAction.WritePage(Gfn, 0, 1));
        Assert.Equal(PageAccess.Write, seen.Next<MemAccessEvent>().Access);
        Assert.Equal((after, 1ul), (guest.GetMemAccess(Gfn), guest.ReadMemory(Gfn, 0)));
    }

    [Fact]
    public void A_watch_takes_from_the_rights_set_by_hand_and_leaves_them_when_it_goes()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        session.SetMemAccess([Range(Gfn, MemAccess.RW), Range(Gfn + 1, MemAccess.RX)]);
        EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(Gfn, Gfn + 2)));
        Assert.Equal([MemAccess.R, MemAccess.RX, MemAccess.RX], Permissions(guest, Gfn, 3));
        guest.Run(GuestAction.WritePage(Gfn, 0, 1));
        session.SetMemAccess([Range(Gfn + 2, MemAccess.R)]);
        Assert.Equal([MemAccess.RW, MemAccess.RX, MemAccess.R], Permissions(guest, Gfn, 3));
        seen.Dispose();
        Assert.Equal([MemAccess.RW, MemAccess.RX, MemAccess.R], Permissions(guest, Gfn, 3));
        session.SetMemAccess([Range(Gfn, MemAccess.Default)]);
        Assert.Equal(MemAccess.Rwx, guest.GetMemAccess(Gfn));
    }

    [Fact]
    public void At_the_end_each_page_has_what_it_had_before()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        lock (guest.Gate)
        {
            guest.SetMemAccess(MemAccess.RX, Gfn, 2);
            guest.SetMemAccess(MemAccess.R, Gfn + 8, 1);
        }

        MonitorSession session = host.Session(ChannelPreference.Auto);
        session.SetMemAccess([Range(Gfn, MemAccess.None), Range(Gfn, MemAccess.RW)]);
        session.SetMemAccess([Range(Gfn + 4, MemAccess.N2rwx)]);
        session.Watch(Watches.Pages(PageAccess.Execute, new GfnRange(Gfn, Gfn + 8)));
        guest.Run(GuestAction.ReadPage(Gfn + 4), GuestAction.ExecutePage(Gfn + 8));
        Assert.Empty(session.Stop().TeardownFailures);
        Assert.Equal(
            [MemAccess.RX, MemAccess.RX, .. Enumerable.Repeat(MemAccess.Rwx, 6), MemAccess.R],
            Permissions(guest, Gfn, 9));
    }

    [Fact]
    public void Bad_input_changes_nothing()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        foreach (MemAccess access in new[] { MemAccess.W, MemAccess.WX })
        {
            XenException error = Assert.Throws<XenException>(() => session.SetMemAccess([Range(Gfn, MemAccess.R), Range(Gfn + 1, access)]));
            Assert.Equal(XenErrorId.NotSupported, error.Id);
            Assert.Contains("crash", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(XenErrorId.InvalidGfn, Assert.Throws<XenException>(
            () => session.SetMemAccess([Range(Gfn, MemAccess.R), new(new GfnRange(0xfff, 0x1000), MemAccess.R)])).Id);
        Assert.Equal(XenErrorId.InvalidGfn, Assert.Throws<XenException>(() => session.GetMemAccess([new GfnRange(0x1000)])).Id);
        host.Guest().AssertAllPagesFree();
    }

    private static MemAccessRange Range(ulong gfn, MemAccess access) => new(new GfnRange(gfn), access);

    private static MemAccess[] Permissions(SimulatedDomain guest, ulong first, int count) =>
        [.. Enumerable.Range(0, count).Select(i => guest.GetMemAccess(first + (ulong)i))];
}
