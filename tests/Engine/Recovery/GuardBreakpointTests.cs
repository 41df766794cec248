using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Recovery;

/// <summary>Breakpoints that a listener left when it was killed.</summary>
public class GuardBreakpointTests
{
    /// <summary>A listener that is killed after it has noted a breakpoint, set it, or met it.</summary>
    [Theory]
    [InlineData(ChannelPreference.Ring, false, false, false)]
    [InlineData(ChannelPreference.Ring, true, false, false)]
    [InlineData(ChannelPreference.Ring, true, true, false)]
    [InlineData(ChannelPreference.Ring, true, true, true)]
    [InlineData(ChannelPreference.Slotted, true, true, false)]
    public void Breakpoints_are_taken_away(ChannelPreference channel, bool isSet, bool isMet, bool late)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        ulong address = GuestCode.AddressOf(GuestActionKind.WritePage);
        ulong physical = address - GuestCode.KernelText;
        byte original = guest.Memory.ByteAt(physical);
        GuardThread? guard = late ? null : new GuardThread(host);
        Task met = Task.CompletedTask;
        using (IDomainMonitor monitor = host.Enable(channel))
        {
            guard?.Tell(GuardState.Enabled(channel == ChannelPreference.Ring));
            guard?.Tell(GuardState.Switched(VmEventKind.SoftwareBreakpoint, 0, on: true));
            monitor.MonitorSoftwareBreakpoint(true);
            monitor.NoteBreakpoint(new BreakpointPlace(address, physical, guest.VCpus[0].GetControlRegister(ControlRegister.CR3), original));
            if (isSet) Assert.True(guest.Memory.TryReplace(physical, original, 0xcc));
            if (isMet) met = guest.VCpus[1].RunAsync(GuestAction.WritePage(0x180, 8, 42));
            Hosts.Until(() => !isMet || guest.VCpus[1].IsPaused);
        }

        guard ??= new GuardThread(host, late: true);
        if (late) guard.Tell(GuardState.Enabled(isRing: true));
        using (guard) Assert.Empty(guard.LoseListener());
        met.Finish();
        if (isMet) Assert.Equal(42UL, guest.ReadMemory(0x180, 8));
        Assert.Equal(original, guest.Memory.ByteAt(physical));
        Assert.Empty(guest.Breakpoints);
        Assert.All(guest.VCpus, vcpu => Assert.Equal(0, vcpu.GetExceptions(GuestCode.BreakpointVector)));
        guest.AssertFree();
    }

    /// <summary>
    /// A listener that hides breakpoints from a guest that reads, writes and executes its code, killed at each of its calls.
    /// </summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public void Hidden_breakpoints_leave_nothing_at_whichever_call_the_listener_is_killed()
    {
        string[] counted =
        [
            nameof(IDomainMonitor.SetMemAccess), nameof(IDomainMonitor.NoteBreakpoint), nameof(IDomainMonitor.WhilePaused),
            nameof(IDomainMonitor.SetSingleStep), nameof(IDomainMemory.TryReplace),
        ];
        ulong code = GuestCode.KernelText + 0x90 * SharedMemory.PageSize;
        EventWatch watch = BreakpointGuest.At(code + 0x100, code + 0x200);
        watch = watch with { Breakpoints = watch.Breakpoints! with { Hide = true } };
        int lives = 0;
        for (bool wasKilled = true; wasKilled; lives++)
        {
            using BreakpointGuest guest = new(vcpus: 2);
            using GuardThread guard = new(guest.Host);
            guard.Tell(GuardState.Enabled(isRing: true));
            foreach (VmEventKind kind in (VmEventKind[])[VmEventKind.SoftwareBreakpoint, VmEventKind.EmulUnimplemented, VmEventKind.SingleStep])
                guard.Tell(GuardState.Switched(kind, 0, on: true));
            guard.Tell(GuardState.Restricted(new GfnRange(0x90), MemAccess.Rwx));
            int left = lives + 1;
            using ManualResetEventSlim isDead = new();
            using ManualResetEventSlim isBuried = new();
            RefusingHypervisor mortal = new(guest.Host, call =>
            {
                if (left > 0 && (!counted.Contains(call) || --left > 0)) return false;

                // While it holds the gate, nobody could do anything for the guest: there it fails first.
                if (guest.Domain.Gate.IsHeldByCurrentThread) return true;
                isDead.Set();
                isBuried.Wait();
                return true;
            });
            Task listener = Task.Factory.StartNew(Listen, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            Hosts.Until(() => isDead.IsSet || listener.IsCompleted);
            wasKilled = isDead.IsSet;
            if (wasKilled)
            {
                mortal.Enabled!.Dispose();
                guard.LoseListener();
                isBuried.Set();
            }
            else
            {
                guard.Leave();
            }

            listener.Finish();
            guest.AssertUntouched();
            Assert.All(guest.Domain.VCpus, vcpu => Assert.False(vcpu.IsSingleStepping));

            void Listen()
            {
                try
                {
                    using MonitorSession session = MonitorSession.Start(
                        mortal, guest.Domain.Identity, new MonitorOptions { Channel = ChannelPreference.Ring, ResponseTimeout = Watches.Never });
                    using EventSubscription seen = session.Watch(watch);
                    Task[] running =
                    [
                        guest.Domain.VCpus[0].RunAsync(
                            GuestAction.ReadPage(0x90, 0x100), GuestAction.WritePage(0x90, 0x300, 0x9090_9090_9090_9090), GuestAction.ReadPage(0x90, 0x200)),
                        guest.Domain.VCpus[1].RunAsync(Enumerable.Repeat(GuestAction.ExecutePage(0x90, 0x100), 5).ToArray()),
                    ];
                    foreach (Task one in running) one.Finish();
                }
                catch (XenException) when (isDead.IsSet)
                {
                    // It is dead.
                }
            }
        }

        Assert.True(lives > 20, $"It makes only {lives} calls.");
    }

    [Fact]
    public void Breakpoints_of_a_listener_that_is_alive_stay()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        guard.Tell(GuardState.Enabling);
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(new EventWatch
        {
            Kinds = [VmEventKind.SoftwareBreakpoint],
            Breakpoints = new BreakpointWatch { At = [new Breakpoint(GuestCode.AddressOf(GuestActionKind.Nop))] },
        });
        using IDomainControl control = host.Control(guest.Identity);
        Assert.Equal(0, BreakpointRemoval.Run(host, guest.Identity, control, ofTheLiving: false));
        Assert.Equal(0xcc, guest.Memory.ByteAt(GuestCode.AddressOf(GuestActionKind.Nop) - GuestCode.KernelText));
        guard.Leave();
    }

    /// <summary>The kernel has freed the code: what is there now is not ours to write.</summary>
    [Fact]
    public void A_breakpoint_whose_place_is_no_code_any_more_is_left()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.NoteBreakpoint(new BreakpointPlace(0x1000, 0x18_0000, 0x5000, 0x90));
            guest.Memory.Write(0x18_0000, [0xcc]);
            monitor.Disable();
        }

        using IDomainControl control = host.Control(guest.Identity);
        Assert.Equal(1, BreakpointRemoval.Run(host, guest.Identity, control, ofTheLiving: false));
        Assert.Equal(0xcc, guest.Memory.ByteAt(0x18_0000));
        Assert.Empty(guest.Breakpoints);
    }
}
