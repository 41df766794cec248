using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

/// <summary>A vCPU waits for room in the ring, a listener for events: never with a lock that others need to end the wait.</summary>
public class WaitingTests
{
    private const int Entries = 8;
    private const int VCpus = 12;
    private const byte TrapVector = 14;

    [Fact]
    public void An_instruction_emulated_for_an_answer_waits_for_room_and_all_others_go_on() =>
        RunWithoutRoom(GuestAction.WriteControlRegister(ControlRegister.CR4, 0x37), VmEventKind.WriteControlRegister, (listener, seen) => listener.Answer(seen, VmEventFlags.Emulate));

    [Fact]
    public void An_instruction_that_cannot_be_emulated_for_an_answer_waits_for_room_and_all_others_go_on() =>
        RunWithoutRoom(GuestAction.WritePageWithVector(0x100, 0, 1), VmEventKind.EmulUnimplemented, (listener, seen) => listener.Answer(seen, VmEventFlags.Emulate));

    [Fact]
    public void An_exception_given_with_an_answer_waits_for_room_and_all_others_go_on() =>
        RunWithoutRoom(GuestAction.Cpuid(1), VmEventKind.Interrupt, (listener, seen) =>
        {
            listener.Monitor.SetMemAccess(MemAccess.Rwx, seen[VmEventField.MemAccessGfn], 1);
            listener.Monitor.InjectTrap((uint)seen.VCpu, new TrapInjection(TrapVector, 3, 0));
            listener.Answer(seen, VmEventFlags.GetNextInterrupt);
        });

    [Fact]
    public void A_listener_that_waits_while_it_has_the_domain_paused_brings_the_host_down()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        uint[] signalled = new uint[1];
        XenException error = Hosts.Refused(
            XenErrorId.HostCrashed, () => monitor.WhilePaused(() => monitor.Ports.Wait(signalled, Listener.Patience)));
        Assert.Contains("waits while it holds a lock", error.Message, StringComparison.Ordinal);
        Assert.Contains(host.Crash!, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vcpu_that_waits_with_a_lock_brings_the_host_down_and_ends()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host[Hosts.Guest];
        guest.RanOn = (_, _) =>
        {
            lock (guest.Gate) guest.Delivery!.Ports.Wait(new uint[1], Listener.Patience);
        };
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        listener.Monitor.MonitorCpuid(true);
        Task done = guest.VCpus[1].RunAsync(GuestAction.Cpuid(0));
        listener.Skip(listener.Next(), 2);
        Hosts.Until(() => host.Crash is not null);
        Assert.Contains("guest vCPU 1 waits while it holds a lock", host.Crash, StringComparison.Ordinal);
        Assert.Throws<TaskCanceledException>(done.Finish);
    }

    /// <summary>The answer to the first vCPU's access comes to a ring that the others have filled, and raises another event there.</summary>
    private static void RunWithoutRoom(GuestAction action, VmEventKind raised, Action<Listener, Event> answer) => Task.Run(() =>
    {
        using SimulatedHypervisor host = Hosts.Idle(VCpus);
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        IDomainMonitor monitor = listener.Monitor;
        IReadOnlyList<SimulatedVCpu> vcpus = host[Hosts.Guest].VCpus;
        monitor.MonitorCpuid(true);
        monitor.MonitorWriteControlRegister(ControlRegister.CR4, enable: true, new ControlRegisterOptions(0, OnChangeOnly: false, Sync: true));
        monitor.MonitorEmulUnimplemented(true);
        monitor.MonitorGuestRequest(enable: true, sync: true, allowUserspace: false);
        monitor.SetMemAccess(MemAccess.RW, GuestCode.GfnOf(GuestCode.AddressOf(action)), 1);

        Task first = vcpus[0].RunAsync(action);
        Event access = listener.Next();
        Task[] others = [.. vcpus.Skip(1).Select(v => v.RunAsync(GuestAction.GuestRequest()))];
        Hosts.Until(() => vcpus.Count(v => v.IsPaused) == Entries && vcpus.Count(v => v.IsBlocked) == VCpus - Entries);
        answer(listener, access);
        Hosts.Until(() => vcpus[0].IsBlocked);

        List<VmEventKind> kinds = [];
        while (!others.All(t => t.IsCompleted) || !first.IsCompleted)
        {
            if (listener.TryNext(TimeSpan.FromMilliseconds(2)) is not { } seen) continue;
            kinds.Add(seen.Kind);
            listener.Resolve(seen);
            if (seen.Kind == VmEventKind.EmulUnimplemented) monitor.SetMemAccess(MemAccess.Rwx, access[VmEventField.MemAccessGfn], 1);
        }

        Assert.Contains(raised, kinds);
        Assert.Null(host.Crash);
    }).Finish();
}
