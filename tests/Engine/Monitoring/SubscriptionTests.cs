using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class SubscriptionTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void Each_sees_what_it_asked_for_and_no_more(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(channel);
        using EventSubscription lstar = session.Watch(Watches.Msrs(Msr.Lstar));
        using EventSubscription both = session.Watch(Watches.Msrs(Msr.Lstar, Msr.SysenterEip));
        using EventSubscription cr3 = session.Watch(Watches.ControlRegisters(ControlRegister.CR3));
        using EventSubscription write = session.Watch(Watches.Pages(PageAccess.Write, new GfnRange(0x180)));
        using EventSubscription read = session.Watch(Watches.Pages(PageAccess.Read, new GfnRange(0x180), new GfnRange(0x190)));
        host.Guest().Run(
            GuestAction.WriteMsr(Msr.SysenterEip, 1),
            GuestAction.WriteMsr(Msr.Lstar, 1),
            GuestAction.WriteMsr(Msr.Star, 1),
            GuestAction.WriteControlRegister(ControlRegister.CR3, 0x5000),
            GuestAction.WriteControlRegister(ControlRegister.CR0, 0x8005_003b),
            GuestAction.Cpuid(0),
            GuestAction.WritePage(0x180, 0, 1),
            GuestAction.ReadPage(0x180),
            GuestAction.ReadPage(0x190));
        Assert.Equal(["MovToMsr 0xc0000082"], SeenBy(lstar));
        Assert.Equal(["MovToMsr 0x176", "MovToMsr 0xc0000082"], SeenBy(both));
        Assert.Equal(["WriteControlRegister CR3"], SeenBy(cr3));
        Assert.Equal(["Write 0x180"], SeenBy(write));
        Assert.Equal(["Read 0x180", "Read 0x190"], SeenBy(read));

        static List<string> SeenBy(EventSubscription subscription)
        {
            List<string> seen = [];
            while (subscription.TryTake(out VmEvent? one))
            {
                seen.Add(one switch
                {
                    MovToMsrEvent e => $"{e.Kind} 0x{e.Msr:x}",
                    WriteControlRegisterEvent e => $"{e.Kind} {e.Register}",
                    MemAccessEvent e => $"{e.Access} 0x{e.Gfn:x}",
                    _ => one.ToString(),
                });
            }

            return seen;
        }
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void The_first_in_switches_on_and_the_last_one_out_switches_off(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        MonitorSettings switches = host.Guest().Settings;
        using MonitorSession session = host.Session(channel);
        Assert.False(switches.Cpuid);
        EventSubscription first = session.Watch(Watches.For(VmEventKind.Cpuid, VmEventKind.GuestRequest, VmEventKind.Cpuid));
        EventSubscription second = session.Watch(Watches.For(VmEventKind.Cpuid));
        Assert.True(switches.Cpuid && switches.GuestRequest && switches.GuestRequestSync);
        first.Dispose();
        first.Dispose();
        Assert.True(switches.Cpuid);
        Assert.False(switches.GuestRequest);
        host.Guest().Run(GuestAction.Cpuid(1), GuestAction.GuestRequest());
        second.Next<CpuidEvent>();
        second.Dispose();
        Assert.False(switches.Cpuid);
        host.Guest().Run(GuestAction.Cpuid(1));
        Assert.Equal(1, session.GetStatistics().Events);
        Assert.True(first.IsCompleted && second.IsCompleted);
    }

    [Fact]
    public void A_watch_that_Xen_refuses_half_way_leaves_nothing_switched_on()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        XenException error = Assert.Throws<XenException>(() => session.Watch(new EventWatch
        {
            Kinds = [VmEventKind.Cpuid, VmEventKind.MovToMsr],
            Msrs = [Msr.Lstar, 0x1234_5678],
        }));
        Assert.Equal(XenErrorId.NotSupported, error.Id);
        Assert.False(host.Guest().Settings.Cpuid);
        Assert.False(host.Guest().Settings.Watches(Msr.Lstar));
        Assert.Null(session.End);
    }

    [Theory]
    [InlineData(6, VmEventKind.VmExit)]
    [InlineData(7, VmEventKind.MemAccess)]
    [InlineData(7, VmEventKind.SingleStep)]
    [InlineData(7, VmEventKind.VmExit)]
    public void What_the_host_cannot_raise_is_refused_and_the_session_runs_on(int version, VmEventKind kind)
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { InterfaceVersion = version, HasExtendedPageTables = false });
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        EventWatch watch = kind == VmEventKind.MemAccess ? Watches.Pages(PageAccess.Write) : Watches.For(kind);
        Hosts.Refused(XenErrorId.NotSupported, () => session.Watch(watch));
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        host.Guest().Run(GuestAction.Cpuid(0));
        seen.Next<CpuidEvent>();
    }

    public static TheoryData<EventWatch> SenselessWatches =>
    [
        Watches.For(),
        Watches.For(VmEventKind.MemAccess),
        Watches.For(VmEventKind.MovToMsr),
        Watches.ControlRegisters(),
        Watches.Pages(PageAccess.Write) with { Kinds = [VmEventKind.Cpuid] },
        Watches.For(VmEventKind.Cpuid) with { SteppedVCpus = [0] },
        Watches.For(VmEventKind.GuestRequest) with { Async = true, Hold = true },
        Watches.For(VmEventKind.Cpuid) with { BufferSize = 0 },
    ];

    [Theory]
    [MemberData(nameof(SenselessWatches), DisableDiscoveryEnumeration = true)]
    public void A_watch_that_asks_for_nothing_is_refused(EventWatch watch)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        Assert.ThrowsAny<ArgumentException>(() => session.Watch(watch));
        Assert.Null(session.End);
    }

    [Fact]
    public void One_thread_consumes_several_subscriptions_that_share_a_signal()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        using var arrival = new ArrivalSignal();
        using EventSubscription cpuid = session.Watch(Watches.For(VmEventKind.Cpuid), arrival);
        using EventSubscription msr = session.Watch(Watches.Msrs(Msr.Lstar), arrival);
        Task guest = host.Guest().VCpus[0].RunAsync(
            [.. Enumerable.Range(0, 300).Select(i => i % 3 == 0 ? GuestAction.Cpuid(0) : GuestAction.WriteMsr(Msr.Lstar, (ulong)i))]);
        int seen = 0;
        while (seen < 300)
        {
            arrival.Wait(() => cpuid.HasNews || msr.HasNews, Listener.Patience, CancellationToken.None);
            while (cpuid.TryTake(out _) || msr.TryTake(out _)) seen++;
        }

        guest.Finish();
    }

    [Fact]
    public void Waiting_ends_with_the_time_the_token_or_the_session()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.Cpuid));
        Assert.Null(seen.Take(TimeSpan.Zero));
        Assert.Null(seen.Take(TimeSpan.FromMilliseconds(1)));
        Assert.False(seen.IsCompleted);
        using var cancelled = new CancellationTokenSource(1);
        Assert.Throws<OperationCanceledException>(() => seen.Take(Timeout.InfiniteTimeSpan, cancelled.Token));
        Task<VmEvent?> waiting = Task.Factory.StartNew(() => seen.Take(TimeSpan.FromDays(1000)), TaskCreationOptions.LongRunning);
        Hosts.Until(() => waiting.Status == TaskStatus.Running);
        session.Stop();
        waiting.Finish();
        Assert.True(seen.IsCompleted);
        Assert.Null(seen.Take(Timeout.InfiniteTimeSpan));
    }
}
