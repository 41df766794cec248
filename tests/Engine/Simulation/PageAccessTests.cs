using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

public sealed class PageAccessTests : IDisposable
{
    private const ulong Gfn = 0x123;
    private readonly SimulatedHypervisor _host = Hosts.Idle();
    private readonly Listener _listener;

    public PageAccessTests() => _listener = new Listener(_host, Hosts.Guest, ChannelPreference.Auto);

    private SimulatedDomain Guest => _host[Hosts.Guest];

    public void Dispose()
    {
        _listener.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void A_forbidden_access_is_reported_and_tried_again_until_the_rights_allow_it()
    {
        _listener.Monitor.SetMemAccess(MemAccess.RX, Gfn, 1);
        Task done = Run(GuestAction.WritePage(Gfn, 0x40, 77));
        for (int i = 0; i < 3; i++)
        {
            Event seen = _listener.Next();
            Assert.Equal(VmEventKind.MemAccess, seen.Kind);
            Assert.True(seen.IsSynchronous);
            Assert.Equal(Gfn, seen[VmEventField.MemAccessGfn]);
            Assert.Equal(0x40u, seen[VmEventField.MemAccessOffset]);
            Assert.Equal(0xffff_8880_0000_0000 + Gfn * 4096 + 0x40, seen[VmEventField.MemAccessGla]);
            Assert.Equal((ulong)(MemAccessFlags.Write | MemAccessFlags.GlaValid | MemAccessFlags.FaultWithGla), seen[VmEventField.MemAccessFlags]);
            Assert.Equal(0u, Guest.ReadMemory(Gfn, 0x40));
            if (i == 2) _listener.Monitor.SetMemAccess(MemAccess.Rwx, Gfn, 1);
            _listener.Answer(seen);
        }

        done.Finish();
        Assert.Equal(77u, Guest.ReadMemory(Gfn, 0x40));
    }

    [Theory]
    [InlineData(VmEventFlags.Emulate, 77)]
    [InlineData(VmEventFlags.Emulate | VmEventFlags.EmulateNoWrite, 0)]
    public void Emulation_does_the_access_once_or_all_of_it_but_the_write(VmEventFlags answer, ulong written)
    {
        _listener.Monitor.SetMemAccess(MemAccess.R, Gfn, 1);
        Task done = Run(GuestAction.WritePage(Gfn, 0, 77));
        _listener.Answer(_listener.Next(), answer);
        done.Finish();
        Assert.Equal(written, Guest.ReadMemory(Gfn, 0));
        Assert.Equal(MemAccess.R, Guest.GetMemAccess(Gfn));
        Assert.Equal(1, Guest.VCpus[0].Events);
    }

    [Fact]
    public void Emulation_needs_the_access_repeated_in_the_response()
    {
        _listener.Monitor.SetMemAccess(MemAccess.R, Gfn, 1);
        Task done = Run(GuestAction.WritePage(Gfn, 0, 77));
        _listener.Answer(_listener.Next(), VmEventFlags.Emulate, (_, response) => response.Set(VmEventField.MemAccessFlags, 0));
        _listener.Answer(_listener.Next(), VmEventFlags.Emulate);
        done.Finish();
    }

    [Fact]
    public void Emulation_can_be_given_what_it_reads()
    {
        _listener.Monitor.SetMemAccess(MemAccess.None, Gfn, 1);
        _listener.Monitor.MonitorGuestRequest(enable: true, sync: true, allowUserspace: false);
        Task done = Run(GuestAction.ReadPage(Gfn), GuestAction.GuestRequest());
        _listener.Answer(_listener.Next(), VmEventFlags.Emulate | VmEventFlags.SetEmulReadData, (_, response) =>
        {
            // The size, 4 bytes, then the data: here in the place of RAX and RCX.
            response.Set(VmEventField.Rax, 8 | 0x1122_3344UL << 32);
            response.Set(VmEventField.Rcx, 0x5566_7788);
        });
        Event seen = _listener.Next();
        Assert.Equal(0x5566_7788_1122_3344u, seen[VmEventField.Rax]);
        _listener.Answer(seen);
        done.Finish();
    }

    [Fact]
    public void Code_needs_the_right_to_execute()
    {
        _listener.Monitor.SetMemAccess(MemAccess.RW, Gfn, 1);
        Task done = Run(GuestAction.ExecutePage(Gfn, 0x10));
        Event seen = _listener.Next();
        Assert.Equal((ulong)(MemAccessFlags.Execute | MemAccessFlags.GlaValid | MemAccessFlags.FaultWithGla), seen[VmEventField.MemAccessFlags]);
        Assert.Equal(seen[VmEventField.Rip], seen[VmEventField.MemAccessGla]);
        _listener.Resolve(seen);
        done.Finish();
    }

    [Fact]
    public void Page_walks_may_write_where_the_right_is_r_pw()
    {
        _listener.Monitor.SetMemAccess(MemAccess.RPw, Gfn, 1);
        Run(GuestAction.WalkPageTable(Gfn)).Finish();
        _listener.Monitor.SetMemAccess(MemAccess.R, Gfn, 1);
        Task done = Run(GuestAction.WalkPageTable(Gfn));
        Event seen = _listener.Next();
        Assert.Equal((ulong)(MemAccessFlags.Write | MemAccessFlags.GlaValid | MemAccessFlags.FaultInGpt), seen[VmEventField.MemAccessFlags]);
        _listener.Resolve(seen);
        done.Finish();
    }

    [Fact]
    public void N2rwx_reports_without_stopping_and_lifts_itself()
    {
        _listener.Monitor.SetMemAccess(MemAccess.N2rwx, Gfn, 1);
        Run(GuestAction.WritePage(Gfn, 0, 77)).Finish();
        Event seen = _listener.Next();
        Assert.False(seen.IsSynchronous);
        Assert.Equal(VmEventKind.MemAccess, seen.Kind);
        Assert.Equal(MemAccess.Rwx, Guest.GetMemAccess(Gfn));
        Assert.Equal(77u, Guest.ReadMemory(Gfn, 0));
    }

    [Fact]
    public void Rx2rw_turns_on_a_write_in_silence()
    {
        _listener.Monitor.SetMemAccess(MemAccess.Rx2rw, Gfn, 1);
        Run(GuestAction.WritePage(Gfn, 0, 77)).Finish();
        Assert.Equal(MemAccess.RW, Guest.GetMemAccess(Gfn));
        Assert.Equal(0, Guest.VCpus[0].Events);
    }

    [Fact]
    public void Rights_outlive_the_listener_until_they_are_touched()
    {
        _listener.Monitor.SetMemAccess(MemAccess.R, Gfn, 2);
        _listener.Monitor.Disable();
        Assert.Equal(MemAccess.R, Guest.GetMemAccess(Gfn));
        Run(GuestAction.WritePage(Gfn, 0, 77)).Finish();
        Assert.Equal(MemAccess.Rwx, Guest.GetMemAccess(Gfn));
        Assert.Equal(MemAccess.R, Guest.GetMemAccess(Gfn + 1));
    }

    [Fact]
    public void A_domain_that_requires_a_listener_does_not_survive_an_access_without_one()
    {
        _listener.Monitor.SetAccessRequired(true);
        _listener.Monitor.SetMemAccess(MemAccess.R, Gfn, 1);
        _listener.Monitor.Disable();
        Task done = Run(GuestAction.WritePage(Gfn, 0, 77));
        Assert.Throws<TaskCanceledException>(done.Finish);
        Assert.False(Guest.IsAlive);
    }

    [Fact]
    public void The_default_stands_for_the_default_right()
    {
        _listener.Monitor.DefaultMemAccess = MemAccess.RX;
        Assert.Equal(MemAccess.RX, _listener.Monitor.DefaultMemAccess);
        _listener.Monitor.SetMemAccess(MemAccess.Default, Gfn, 3);
        Assert.Equal(MemAccess.RX, _listener.Monitor.GetMemAccess(Gfn + 2));
        Assert.Equal(MemAccess.Rwx, _listener.Monitor.GetMemAccess(Gfn + 3));
    }

    [Theory]
    [InlineData(0x123, 0)]
    [InlineData(0x1000, 1)]
    [InlineData(0xfff, 2)]
    [InlineData(ulong.MaxValue, 1)]
    public void Pages_that_the_domain_does_not_have_are_refused(ulong gfn, uint count)
    {
        Assert.Equal(0xfffu, _listener.Monitor.MaximumGfn);
        Hosts.Refused(XenErrorId.InvalidGfn, () => _listener.Monitor.SetMemAccess(MemAccess.R, gfn, count));
        Assert.Equal(MemAccess.Rwx, _listener.Monitor.GetMemAccess(0xfff));
    }

    [Theory]
    [InlineData(MemAccess.W)]
    [InlineData(MemAccess.WX)]
    public void Rights_that_the_processor_does_not_have_are_refused(MemAccess access)
    {
        Hosts.Refused(XenErrorId.NotSupported, () => _listener.Monitor.SetMemAccess(access, Gfn, 1));
        Hosts.Refused(XenErrorId.NotSupported, () => _listener.Monitor.DefaultMemAccess = access);
        Assert.Equal(MemAccess.Rwx, _listener.Monitor.GetMemAccess(Gfn));
    }

    private Task Run(params IReadOnlyList<GuestAction> actions) => Guest.VCpus[0].RunAsync(actions);
}
