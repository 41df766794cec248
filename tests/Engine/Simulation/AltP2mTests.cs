using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

public sealed class AltP2mTests : IDisposable
{
    private const ulong Gfn = 0x123;
    private readonly SimulatedHypervisor _host = Hosts.Idle(vcpus: 2);
    private readonly Listener _listener;

    public AltP2mTests() => _listener = new Listener(_host, Hosts.Guest, ChannelPreference.Ring);

    private SimulatedDomain Guest => _host[Hosts.Guest];

    private IAltP2m AltP2m => _listener.Monitor.AltP2m;

    public void Dispose()
    {
        _listener.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Before_it_is_on_there_are_no_views()
    {
        Assert.False(AltP2m.IsActive);
        Hosts.Refused(XenErrorId.NotSupported, () => AltP2m.CreateView(MemAccess.Rwx));
        Hosts.Refused(XenErrorId.NotSupported, () => AltP2m.SwitchToView(0));
        AltP2m.IsActive = true;
        Assert.Equal(1, AltP2m.CreateView(MemAccess.Rwx));
        AltP2m.IsActive = false;
        AltP2m.IsActive = true;
        Assert.Equal(1, AltP2m.CreateView(MemAccess.Rwx));
    }

    [Theory]
    [InlineData(true, true, AltP2mMode.Disabled, Errno.EINVAL)]
    [InlineData(true, false, AltP2mMode.External, Errno.EOPNOTSUPP)]
    [InlineData(false, true, AltP2mMode.External, Errno.EOPNOTSUPP)]
    public void Where_host_or_configuration_have_no_altp2m_it_is_refused_with_a_remedy(bool ept, bool offered, AltP2mMode mode, Errno errno)
    {
        using SimulatedHypervisor host = new(new SimulationOptions
        {
            HasExtendedPageTables = ept,
            OffersAltP2m = offered,
            Domains = [new() { Id = 5, Name = Hosts.Guest, Workload = Workload.Idle, AltP2m = mode }],
        });
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        XenException error = Hosts.Refused(XenErrorId.NotSupported, () => monitor.AltP2m.IsActive = true);
        Assert.Equal(errno, error.Errno);
        Assert.Contains("altp2m=", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_ten_views_at_most_and_a_place_given_up_is_taken_again()
    {
        AltP2m.IsActive = true;
        for (int i = 1; i < IAltP2m.MostViews; i++) Assert.Equal(i, AltP2m.CreateView(MemAccess.Rwx));
        Hosts.Refused(XenErrorId.NotSupported, () => AltP2m.CreateView(MemAccess.Rwx));
        AltP2m.DestroyView(4);
        Assert.Equal(4, AltP2m.CreateView(MemAccess.Rwx));
    }

    [Fact]
    public void A_view_that_a_vcpu_is_in_cannot_be_removed_nor_can_view_0()
    {
        AltP2m.IsActive = true;
        ushort view = AltP2m.CreateView(MemAccess.Rwx);
        AltP2m.SwitchToView(view);
        Assert.Equal((view, view), (AltP2m.GetVCpuView(0), AltP2m.GetVCpuView(1)));
        Hosts.Refused(XenErrorId.ViewInUse, () => AltP2m.DestroyView(view));
        Hosts.Refused(XenErrorId.ViewInUse, () => AltP2m.DestroyView(0));
        AltP2m.SwitchToView(0);
        AltP2m.DestroyView(view);
        Hosts.Refused(XenErrorId.ViewNotFound, () => AltP2m.SwitchToView(view));
        Hosts.Refused(XenErrorId.ViewNotFound, () => AltP2m.GetMemAccess(view, Gfn));
    }

    [Fact]
    public void Rights_hold_in_their_view_alone_and_its_events_name_it()
    {
        AltP2m.IsActive = true;
        ushort view = AltP2m.CreateView(MemAccess.RX);
        AltP2m.SetMemAccess(view, [Gfn, 0xffff_ffff], [MemAccess.RX, MemAccess.RX]);
        Run(0, GuestAction.WritePage(Gfn, 0, 1)).Finish();

        AltP2m.SwitchToView(view);
        Task done = Run(0, GuestAction.WritePage(Gfn, 0, 2));
        Event seen = _listener.Next();
        Assert.Equal(VmEventFlags.AlternateP2m | VmEventFlags.VCpuPaused, seen.View.Flags);
        Assert.Equal(view, seen[VmEventField.Altp2mIndex]);
        Assert.Equal((1ul, view), (Guest.ReadMemory(Gfn, 0), Guest.VCpus[0].View));

        _listener.Answer(seen, VmEventFlags.AlternateP2m, (_, response) => response.Set(VmEventField.Altp2mIndex, 0));
        done.Finish();
        Assert.Equal((2ul, (ushort)0, view), (Guest.ReadMemory(Gfn, 0), Guest.VCpus[0].View, Guest.VCpus[1].View));
    }

    [Fact]
    public void An_answer_that_names_no_view_leaves_the_vcpu_where_it_is()
    {
        AltP2m.IsActive = true;
        ushort view = AltP2m.CreateView(MemAccess.Rwx);
        AltP2m.SetMemAccess(view, [Gfn], [MemAccess.R]);
        AltP2m.SwitchToView(view);
        Task done = Run(0, GuestAction.WritePage(Gfn, 0, 2));
        Event seen = _listener.Next();
        _listener.Answer(seen, VmEventFlags.AlternateP2m, (_, response) => response.Set(VmEventField.Altp2mIndex, 7));
        seen = _listener.Next();
        Assert.Equal(view, seen[VmEventField.Altp2mIndex]);
        _listener.Answer(seen, VmEventFlags.Emulate);
        done.Finish();
    }

    [Fact]
    public void What_is_set_in_view_0_overwrites_what_the_views_had()
    {
        AltP2m.IsActive = true;
        ushort view = AltP2m.CreateView(MemAccess.Rwx);
        AltP2m.SetMemAccess(view, [Gfn], [MemAccess.R]);
        Assert.Equal((MemAccess.R, null), (AltP2m.GetMemAccess(view, Gfn), AltP2m.GetMemAccess(view, Gfn + 1)));
        _listener.Monitor.SetMemAccess([Gfn, Gfn + 1], [MemAccess.RW, MemAccess.X]);
        Assert.Equal((MemAccess.RW, MemAccess.X), (Guest.GetMemAccess(Gfn, view), Guest.GetMemAccess(Gfn + 1, view)));
        Assert.Equal(MemAccess.RW, AltP2m.GetMemAccess(0, Gfn));
    }

    [Fact]
    public void A_step_over_in_view_0_raises_one_single_step_event_there()
    {
        AltP2m.IsActive = true;
        ushort view = AltP2m.CreateView(MemAccess.Rwx);
        AltP2m.SetMemAccess(view, [Gfn], [MemAccess.RX]);
        AltP2m.SwitchToView(view);
        _listener.Monitor.MonitorSingleStep(true);
        Task done = Run(0, GuestAction.WritePage(Gfn, 0, 1), GuestAction.WritePage(Gfn, 0, 2));
        for (int i = 0; i < 2; i++)
        {
            Event access = _listener.Next();
            Assert.Equal((VmEventKind.MemAccess, (ulong)view), (access.Kind, access[VmEventField.Altp2mIndex]));
            _listener.Answer(access, VmEventFlags.AlternateP2m | VmEventFlags.ToggleSingleStep);
            Event step = _listener.Next();
            Assert.Equal((VmEventKind.SingleStep, 0ul), (step.Kind, step[VmEventField.Altp2mIndex]));
            _listener.Answer(
                step,
                VmEventFlags.AlternateP2m | VmEventFlags.ToggleSingleStep,
                (_, response) => response.Set(VmEventField.Altp2mIndex, view));
        }

        done.Finish();
        Assert.Equal((2ul, view, false), (Guest.ReadMemory(Gfn, 0), Guest.VCpus[0].View, Guest.VCpus[0].IsSingleStepping));
    }

    [Fact]
    public void A_fast_single_step_raises_none_and_ends_in_the_view_named()
    {
        AltP2m.IsActive = true;
        ushort view = AltP2m.CreateView(MemAccess.Rwx);
        AltP2m.SetMemAccess(view, [Gfn], [MemAccess.RX]);
        AltP2m.SwitchToView(view);
        _listener.Monitor.MonitorSingleStep(true);
        Task done = Run(0, GuestAction.WritePage(Gfn, 0, 1), GuestAction.WritePage(Gfn, 0, 2));
        for (int i = 0; i < 2; i++)
        {
            Event access = _listener.Next();
            Assert.Equal(VmEventKind.MemAccess, access.Kind);
            _listener.Answer(
                access,
                VmEventFlags.AlternateP2m | VmEventFlags.FastSingleStep,
                (_, response) => response.Set(VmEventField.FastSingleStepView, view));
        }

        done.Finish();
        Assert.Equal((2ul, view, false), (Guest.ReadMemory(Gfn, 0), Guest.VCpus[0].View, Guest.VCpus[0].IsSingleStepping));
    }

    [Theory]
    [InlineData(MemAccess.W)]
    [InlineData(MemAccess.WX)]
    public void Rights_that_a_guest_does_not_survive_are_refused(MemAccess access)
    {
        AltP2m.IsActive = true;
        ushort view = AltP2m.CreateView(MemAccess.Rwx);
        Hosts.Refused(XenErrorId.NotSupported, () => AltP2m.CreateView(access));
        Hosts.Refused(XenErrorId.NotSupported, () => AltP2m.SetMemAccess(view, [Gfn], [access]));
        Hosts.Refused(XenErrorId.NotSupported, () => _listener.Monitor.SetMemAccess([Gfn], [access]));
        Assert.Equal((MemAccess.Rwx, null), (Guest.GetMemAccess(Gfn), AltP2m.GetMemAccess(view, Gfn)));
    }

    private Task Run(int vcpu, params GuestAction[] actions) => Guest.VCpus[vcpu].RunAsync(actions);
}
