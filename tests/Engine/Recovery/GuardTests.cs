using System.IO.Pipes;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Recovery;

/// <summary>
/// The guard's side, with a listener that dies in this process: it releases everything and says nothing.
/// </summary>
public sealed class GuardTests
{
    [Theory]
    [InlineData(ChannelPreference.Ring, 1)]
    [InlineData(ChannelPreference.Ring, 2)]
    [InlineData(ChannelPreference.Ring, 8)]
    [InlineData(ChannelPreference.Ring, 20)]
    [InlineData(ChannelPreference.Slotted, 4)]
    public void When_its_listener_dies_every_vcpu_runs_on(ChannelPreference channel, int vcpus)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus);
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        using (IDomainMonitor monitor = host.Enable(channel))
        {
            guard.Tell(GuardState.Enabled(channel == ChannelPreference.Ring));
            guard.Tell(GuardState.Switched(VmEventKind.Cpuid, 0, on: true));
            monitor.MonitorCpuid(true);
            foreach (SimulatedVCpu vcpu in guest.VCpus) _ = vcpu.RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus.All(v => v.IsPaused || v.IsBlocked));
        }

        Assert.Empty(guard.LoseListener());
        guest.AssertFree();
    }

    [Fact]
    public void A_register_write_that_waits_for_its_answer_is_not_lost()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { InterfaceVersion = 5 });
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        Task write;
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            guard.Tell(GuardState.Enabled(isRing: true));
            guard.Tell(GuardState.Switched(VmEventKind.MovToMsr, Msr.Lstar, on: true));
            monitor.MonitorMovToMsr(Msr.Lstar, enable: true, onChangeOnly: false);
            write = guest.VCpus[0].RunAsync(GuestAction.WriteMsr(Msr.Lstar, 0x1234));
            Hosts.Until(() => guest.VCpus[0].IsPaused);
        }

        Assert.Empty(guard.LoseListener());
        write.Finish();
        Assert.Equal(0x1234u, guest.VCpus[0].GetMsr(Msr.Lstar));
        guest.AssertFree();
    }

    [Fact]
    public void Pages_and_views_go_back()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            guard.Tell(GuardState.Enabled(isRing: true));
            guard.Tell(GuardState.Restricted(new GfnRange(0, monitor.MaximumGfn), MemAccess.Rwx));
            guard.Tell(GuardState.Required(true));
            guard.Tell(GuardState.ViewsActive(true));
            monitor.SetAccessRequired(true);
            monitor.DefaultMemAccess = MemAccess.RX;
            monitor.SetMemAccess(MemAccess.RX, 0, (uint)monitor.MaximumGfn + 1);
            monitor.AltP2m.IsActive = true;
            ushort view = monitor.AltP2m.CreateView(MemAccess.Rwx);
            guard.Tell(GuardState.View(view, exists: true));
            monitor.AltP2m.SwitchToView(view);
            _ = guest.VCpus[1].RunAsync(GuestAction.WritePage(0x200, 0, 7));
            Hosts.Until(() => guest.VCpus[1].IsPaused);
        }

        Assert.Empty(guard.LoseListener());
        guest.AssertFree();
    }

    [Fact]
    public void Pages_go_back_and_none_is_populated()
    {
        using SimulatedHypervisor host = new(new SimulationOptions
        {
            Domains = [new() { Id = 5, Name = Hosts.Guest, Workload = Workload.Idle, OnDemand = (0x400, 0x7ff) }],
        });
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            guard.Tell(GuardState.Enabled(isRing: true));
            guard.Tell(GuardState.Restricted(new GfnRange(0, monitor.MaximumGfn), MemAccess.Rwx));
            monitor.DefaultMemAccess = MemAccess.RX;
            monitor.SetMemAccess(MemAccess.RX, 0, 0x400);
            guest.VCpus[0].RunAsync(GuestAction.ReadPage(0x410)).Finish();
        }

        Assert.Empty(guard.LoseListener());
        Assert.Equal(0x3ff, guest.PagesOnDemand);
        guest.AssertFree();
    }

    [Fact]
    public void After_an_orderly_end_it_does_nothing()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardThread guard = new(host);
        using IDomainMonitor other = host.Enable(ChannelPreference.Ring);
        guard.Tell(GuardState.Enabled(isRing: true));
        guard.Leave();
        Assert.Empty(guard.LoseListener());
        Assert.True(host.Guest().IsMonitored);
    }

    [Fact]
    public void A_listener_that_never_had_the_monitor_leaves_nothing_to_do()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using GuardThread guard = new(host);
        using IDomainMonitor other = host.Enable(ChannelPreference.Ring);
        Assert.Empty(guard.LoseListener());
        Assert.True(host.Guest().IsMonitored);
    }

    [Fact]
    public void One_that_comes_late_frees_the_guest_all_the_same()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            monitor.MonitorCpuid(true);
            _ = guest.VCpus[1].RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus[1].IsPaused);
        }

        using GuardThread guard = new(host, late: true);
        guard.Tell(GuardState.Enabled(isRing: true));
        Assert.Empty(guard.LoseListener());
        guest.AssertFree();
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void A_busy_session_that_dies_at_any_moment_leaves_no_vcpu_behind()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            using SimulatedHypervisor host = Hosts.With(Workload.Everything, vcpus: 1 + (seed % 11));
            SimulatedDomain guest = host.Guest();
            using GuardThread guard = new(host);
            using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
            using (Listener listener = new(host, monitor))
            {
                guard.Tell(GuardState.Enabled(isRing: true));
                guard.Tell(GuardState.Switched(VmEventKind.Cpuid, 0, on: true));
                guard.Tell(GuardState.Switched(VmEventKind.GuestRequest, 0, on: true));
                guard.Tell(GuardState.Restricted(new GfnRange(0x100, 0x1ff), MemAccess.Rwx));
                monitor.MonitorCpuid(true);
                monitor.MonitorGuestRequest(true, sync: false, allowUserspace: false);
                monitor.SetMemAccess(MemAccess.RX, 0x100, 0x100);
                Random random = new(seed);
                List<Event> taken = [];
                for (int i = random.Next(200); i > 0; i--)
                {
                    if (random.Next(3) > 0 && listener.TryNext(TimeSpan.FromMilliseconds(50)) is { } seen) taken.Add(seen);
                    if (taken.Count == 0 || random.Next(3) == 0) continue;
                    int which = random.Next(taken.Count);
                    listener.Resolve(taken[which]);
                    taken.RemoveAt(which);
                }
            }

            IReadOnlyList<XenException> failures = guard.LoseListener();
            Assert.True(failures.Count == 0, $"Seed {seed}: {string.Join("; ", failures)}");
            guest.AssertFree();
        }
    }

    [Fact]
    public void A_listener_that_dies_before_it_has_resumed_the_last_vcpu_leaves_none_paused()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 3);
        SimulatedDomain guest = host.Guest();
        using GuardThread guard = new(host);
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            guard.Tell(GuardState.Enabled(isRing: true));
            monitor.MonitorCpuid(true);
            foreach (SimulatedVCpu vcpu in guest.VCpus) _ = vcpu.RunAsync(GuestAction.Cpuid(1));
            Hosts.Until(() => guest.VCpus.All(v => v.IsPaused));
            monitor.Disable();
            guard.Tell(GuardState.Disabled);
        }

        Assert.Empty(guard.LoseListener());
        guest.AssertFree();
    }

    [Fact]
    public void A_guest_that_does_not_run_for_another_reason_is_not_reset()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host.Guest();
        using PausedHypervisor paused = new(host);
        using GuardThread guard = new(paused, guest.Identity);
        using (IDomainMonitor monitor = host.Enable(ChannelPreference.Ring))
        {
            guard.Tell(GuardState.Enabled(isRing: true));
            guard.Tell(GuardState.Switched(VmEventKind.Cpuid, 0, on: true));
            monitor.MonitorCpuid(true);

            // Not the listener's: it has told of no page.
            monitor.SetMemAccess(MemAccess.RX, 0x300, 1);
        }

        Assert.Empty(guard.LoseListener());
        Assert.False(guest.IsMonitored);
        Assert.Equal(MemAccess.RX, guest.Pages[0x300]);
        Assert.Equal(0, paused.Resets);
    }

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

    [Fact]
    public void What_it_is_told_can_be_told_on()
    {
        string[] lines =
        [
            GuardState.Enabled(isRing: true),
            GuardState.Required(true),
            GuardState.Restricted(new GfnRange(5, 9), MemAccess.RX),
            GuardState.ViewsActive(true),
            GuardState.View(1, exists: true),
            GuardState.View(2, exists: true),
            GuardState.Switched(VmEventKind.MovToMsr, 0xc0000082, on: true),
            GuardState.Switched(VmEventKind.Cpuid, 0, on: true),
            GuardState.View(1, exists: false),
            GuardState.Switched(VmEventKind.Cpuid, 0, on: false),
        ];
        GuardState first = new();
        foreach (string line in lines) first.Apply(line);
        GuardState second = new();
        foreach (string line in first.Lines) second.Apply(line);
        Assert.Equal(first.Lines, second.Lines);
        Assert.Equal([(VmEventKind.MovToMsr, 0xc0000082u)], second.Switches);
        Assert.Equal([2], second.Views.Select(v => (int)v));
        Assert.Equal((new GfnRange(5, 9), MemAccess.RX), (second.Pages!.Value, second.DefaultAccess));
        Assert.True(second is { IsEnabled: true, IsRing: true, IsListenerRequired: true, HasActivatedViews: true });
    }

    /// <summary>A guard on a thread, and its listener's end of the pipe.</summary>
    private sealed class GuardThread : IDisposable
    {
        private readonly AnonymousPipeServerStream _toGuard = new(PipeDirection.Out);
        private readonly AnonymousPipeServerStream _fromGuard = new(PipeDirection.In);
        private readonly TemporaryRoot _folder = new();
        private readonly GuardStateFile _state;
        private readonly Task<IReadOnlyList<XenException>> _run;

        public GuardThread(SimulatedHypervisor host, bool late = false)
            : this(host, host.Guest().Identity, late)
        {
        }

        public GuardThread(IHypervisor host, XenDomain domain, bool late = false)
        {
            _state = new GuardStateFile(_folder.Path);
            AnonymousPipeClientStream input = new(PipeDirection.In, _toGuard.ClientSafePipeHandle);
            AnonymousPipeClientStream output = new(PipeDirection.Out, _fromGuard.ClientSafePipeHandle);
            _run = Task.Factory.StartNew(
                () => Guard.Run(host, domain, late, _state.Path, new StreamReader(input), new StreamWriter(output)),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
            Assert.Equal(Guard.Ready, new StreamReader(_fromGuard).ReadLine());
        }

        public void Tell(string line) => _state.Add(line);

        /// <summary>Ends the listener in an orderly way.</summary>
        public void Leave() => _state.Remove();

        /// <summary>The listener is gone.</summary>
        public IReadOnlyList<XenException> LoseListener()
        {
            _toGuard.Dispose();
            Assert.True(_run.Wait(Listener.Patience), "The guard did not end.");
            return _run.Result;
        }

        public void Dispose()
        {
            _toGuard.Dispose();
            _fromGuard.Dispose();
            _state.Dispose();
            _folder.Dispose();
        }
    }
}
