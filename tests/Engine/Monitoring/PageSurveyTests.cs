using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>
/// Pages that must not be touched: those without memory, because setting their access populates them, and those of
/// devices, because emulation does not reach them.
/// </summary>
public class PageSurveyTests
{
    private const ulong Device = 0x180;

    private readonly List<string> _warnings = [];

    [Fact]
    public void Pages_that_are_populated_on_demand_are_left_out_and_told_of()
    {
        using SimulatedHypervisor host = With(onDemand: (0x400, 0x7ff));
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = Session(host);
        using EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(0x300, 0x4ff)));
        Assert.Equal(0x400, guest.PagesOnDemand);
        Assert.StartsWith("256 of these pages have no memory", Assert.Single(_warnings), StringComparison.Ordinal);
        guest.Run(GuestAction.WritePage(0x3ff, 0, 1), GuestAction.WritePage(0x400, 0, 1));
        Assert.Equal(0x3ffUL, seen.Next<MemAccessEvent>().Gfn);
        Assert.Equal(1, session.GetStatistics().Events);
        seen.Dispose();
        Assert.Equal(0x3ff, guest.PagesOnDemand);
        session.Stop();
        guest.AssertFree();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_watch_on_the_whole_guest_populates_nothing_and_sees_pages_once_they_have_memory(bool isFork)
    {
        // Xen does not report a fork's pages. The fork is known by its little memory if there are too many pages to ask
        // about.
        using SimulatedHypervisor host = With(onDemand: (0x400, 0x1ffff), pages: 0x20000, isFork: isFork);
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = Session(host);
        EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Write));
        Assert.Equal(0x1fc00, guest.PagesOnDemand);
        Assert.Empty(_warnings);
        guest.Run(GuestAction.WritePage(0x500, 0, 1), GuestAction.WritePage(0x500, 0, 2), GuestAction.ReadPage(0x501));
        Assert.Equal(0x500UL, seen.Next<MemAccessEvent>().Gfn);
        Assert.Equal(1, session.GetStatistics().Events);
        seen.Dispose();
        Assert.Equal(0x1fbfe, guest.PagesOnDemand);
        Assert.Equal(MemAccess.Rwx, guest.GetMemAccess(0x501));
        session.Stop();
        guest.AssertFree();
    }

    [Fact]
    public void Rights_set_by_hand_populate_nothing()
    {
        using SimulatedHypervisor host = With(onDemand: (0x400, 0x7ff));
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = Session(host);
        session.SetMemAccess([new MemAccessRange(new GfnRange(0x3ff, 0x40f), MemAccess.R)]);
        Assert.Equal((0x400, MemAccess.R), (guest.PagesOnDemand, guest.GetMemAccess(0x3ff)));
        Assert.StartsWith("16 of these", Assert.Single(_warnings), StringComparison.Ordinal);
        session.Stop();
        Assert.Equal(0x400, guest.PagesOnDemand);
    }

    [Fact]
    public void A_view_with_an_access_populates_nothing()
    {
        using SimulatedHypervisor host = With(onDemand: (0x400, 0x7ff));
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = Session(host);
        session.CreateView(MemAccess.RX);
        Assert.Equal(0x400, guest.PagesOnDemand);
        Assert.StartsWith("1024 of these", Assert.Single(_warnings), StringComparison.Ordinal);
        session.Stop();
        Assert.Equal(0x400, guest.PagesOnDemand);
    }

    [Theory]
    [InlineData(PageAccess.Write, true, false)]
    [InlineData(PageAccess.Write, false, true)]
    [InlineData(PageAccess.Read, false, false)]
    public void A_devices_memory_is_left_out_where_accesses_are_emulated(PageAccess access, bool repeats, bool selects)
    {
        using SimulatedHypervisor host = With(deviceMemory: (Device, Device));
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = Session(host);
        EventWatch watch = Watches.Pages(access, new GfnRange(Device, Device + 1));
        if (repeats) watch = Watches.Repeated(access, new GfnRange(Device, Device + 1));
        if (selects) watch = watch with { Selection = new EventSelection { LinearAddresses = [new AddressRange(1)] } };
        using EventSubscription seen = session.Watch(watch);
        Assert.StartsWith("1 of these pages are device memory", Assert.Single(_warnings), StringComparison.Ordinal);
        Assert.NotEqual(MemAccess.Rwx, guest.GetMemAccess(Device + 1));
        guest.Run(GuestAction.WritePage(Device, 0, 1), GuestAction.WritePage(Device, 0, 2), GuestAction.ReadPage(Device));
        Assert.Equal(0, guest.AccessesLost);
    }

    [Fact]
    public void Of_the_whole_guest_a_devices_memory_is_left_out_too()
    {
        using SimulatedHypervisor host = With(deviceMemory: (Device, Device + 3));
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = Session(host);
        using EventSubscription seen = session.Watch(Watches.Repeated(PageAccess.Write));
        guest.Run(GuestAction.WritePage(Device, 0, 1), GuestAction.WritePage(Device + 4, 0, 1));
        Assert.Equal(Device + 4, seen.Next<MemAccessEvent>().Gfn);
        Assert.Equal(0, guest.AccessesLost);
        Assert.Single(_warnings);
    }

    [Fact]
    public void A_devices_memory_is_watched_where_each_page_is_seen_once()
    {
        using SimulatedHypervisor host = With(deviceMemory: (Device, Device));
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = Session(host);
        using EventSubscription seen = session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(Device)));
        guest.Run(GuestAction.WritePage(Device, 0, 1), GuestAction.WritePage(Device, 0, 2));
        Assert.Equal(Device, seen.Next<MemAccessEvent>().Gfn);
        Assert.Equal(0, guest.AccessesLost);
        Assert.Empty(_warnings);
    }

    private static SimulatedHypervisor With(
        (ulong, ulong)? onDemand = null, (ulong, ulong)? deviceMemory = null, int pages = 0x800, bool isFork = false) => new(new SimulationOptions
        {
            Domains =
            [
                new()
                {
                    Id = 5,
                    Name = Hosts.Guest,
                    Pages = pages,
                    Workload = Workload.Idle,
                    OnDemand = onDemand,
                    DeviceMemory = deviceMemory,
                    IsFork = isFork,
                },
            ],
        });

    private MonitorSession Session(SimulatedHypervisor host) =>
        MonitorSession.Start(host, host.Guest().Identity, new MonitorOptions { ResponseTimeout = Watches.Never, Warn = _warnings.Add });
}
