using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

public class SlottedTests
{
    [Fact]
    public void Each_vcpu_has_its_slot_and_port()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 3);
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Slotted);
        listener.Monitor.MonitorCpuid(true);
        Assert.Equal(3, listener.Monitor.Ports.SlotPorts.Distinct().Count());
        Drain(listener.Monitor.Ports);

        Task done = host[Hosts.Guest].VCpus[2].RunAsync(GuestAction.Cpuid(7));
        uint[] signalled = new uint[4];
        Assert.Equal(1, listener.Monitor.Ports.Wait(signalled, Listener.Patience));
        Assert.Equal(listener.Monitor.Ports.SlotPorts[2], signalled[0]);
        Event seen = listener.Next();
        Assert.Equal(2, seen.VCpu);
        Assert.Equal(7u, seen[VmEventField.CpuidLeaf]);
        listener.Skip(seen, 2);
        done.Finish();
    }

    [Fact]
    public void Asynchronous_events_overwrite_the_ring_when_the_listener_is_late()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Slotted);
        listener.Monitor.MonitorWriteControlRegister(ControlRegister.CR3, true, new ControlRegisterOptions(0, false, Sync: false));
        SimulatedVCpu vcpu = host[Hosts.Guest].VCpus[0];
        vcpu.RunAsync([.. Enumerable.Range(1, 100).Select(i => GuestAction.WriteControlRegister(ControlRegister.CR3, (ulong)i << 12))]).Finish();

        ulong last = 0;
        int seen = 0;
        while (listener.TryNext(TimeSpan.FromMilliseconds(20)) is { } e)
        {
            Assert.True(e[VmEventField.ControlRegisterNewValue] > last);
            last = e[VmEventField.ControlRegisterNewValue];
            seen++;
        }

        Assert.Equal(100UL << 12, last);
        Assert.Equal(100, seen + listener.Lost);
        Assert.InRange(seen, 1, 8);
        Assert.False(vcpu.IsBlocked);
    }

    [Fact]
    public void Disabling_resumes_whoever_waits_for_an_answer_even_from_outside()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host[Hosts.Guest];
        var listener = new Listener(host, Hosts.Guest, ChannelPreference.Slotted);
        listener.Monitor.MonitorCpuid(true);
        Task[] done = [.. guest.VCpus.Select(v => v.RunAsync(GuestAction.Cpuid(0)))];
        listener.Next();
        listener.Next();
        listener.Dispose();
        Assert.All(guest.VCpus, v => Assert.True(v.IsPaused));
        guest.MonitorDisable();
        foreach (Task task in done) task.Finish();
        Assert.All(guest.VCpus, v => Assert.False(v.IsPaused));
    }

    [Fact]
    public void A_response_for_another_vcpu_resumes_that_one_and_leaves_this_one_frozen()
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus: 2);
        SimulatedDomain guest = host[Hosts.Guest];
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Slotted);
        listener.Monitor.MonitorGuestRequest(enable: true, sync: true, allowUserspace: false);
        Task other = guest.VCpus[1].RunAsync(GuestAction.GuestRequest());
        listener.Next();
        guest.VCpus[0].RunAsync(GuestAction.GuestRequest());
        listener.Answer(listener.Next(), compose: (_, response) => response.Set(VmEventField.VCpuId, 1));
        other.Finish();
        Assert.True(guest.VCpus[0].IsPaused);
    }

    [Fact]
    public void The_rings_port_makes_Xen_look_at_the_first_slot()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Slotted);
        listener.Monitor.Ports.Notify(listener.Monitor.Ports.RingPort);
        Assert.Equal(1, host[Hosts.Guest].StrayNotifications);
    }

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 43)]
    public void Slots_are_not_used_where_they_are_missing_or_would_panic_the_host(bool offered, int vcpus)
    {
        using SimulatedHypervisor host = Hosts.Idle(vcpus, new SimulationOptions { OffersSlottedChannel = offered });
        Hosts.Refused(XenErrorId.NotSupported, () => host.Enable(ChannelPreference.Slotted));
        Assert.False(host[Hosts.Guest].IsMonitored);
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Auto);
        Assert.Equal(ChannelKind.Ring, monitor.Channel);
        Assert.Null(monitor.Slots);
        Assert.Empty(monitor.Ports.SlotPorts);
    }

    [Fact]
    public void The_rule_for_vcpu_counts_is_the_list_seen_on_the_hypervisor() => Assert.Equal(
        [43, 54, 65, 75, 76, 86, 87, 97, 98, 107, 108, 118, 119],
        Enumerable.Range(1, SimulatedDomainOptions.MostVCpus).Where(n => !SlottedChannelRules.IsSafe(n)));

    private static void Drain(IEventPorts ports)
    {
        uint[] signalled = new uint[8];
        int count;
        while ((count = ports.Wait(signalled, TimeSpan.Zero)) > 0) ports.Unmask(signalled.AsSpan(0, count));
    }
}
