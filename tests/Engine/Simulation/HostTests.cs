using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

public class HostTests
{
    [Fact]
    public void It_can_end_while_a_guest_starts()
    {
        for (int i = 0; i < 50; i++)
        {
            SimulatedHypervisor host = Hosts.Idle(vcpus: 64);
            using Barrier both = new(2);
            Thread starts = new(() =>
            {
                both.SignalAndWait();
                host[Hosts.Guest].Start();
            });
            starts.Start();
            both.SignalAndWait(TestContext.Current.CancellationToken);
            Thread.SpinWait(i * 80);
            host.Dispose();
            Assert.True(starts.Join(Listener.Patience));
        }
    }

    [Fact]
    public void Without_options_there_are_two_guests_beside_dom0()
    {
        using var host = new SimulatedHypervisor();
        using var again = new SimulatedHypervisor();
        IReadOnlyList<XenDomain> domains = host.GetDomains();
        Assert.Equal(["Domain-0 0 PV 2", "web01 1 Hvm 2", "db01 2 Pvh 4"], domains.Select(d => $"{d.Name} {d.Id} {d.Type} {d.VCpus}"));
        Assert.Equal(3, domains.DistinctBy(d => d.Uuid).Count());
        Assert.Equal(domains, again.GetDomains());
        Assert.Equal(7, host.Layout.Version);
    }

    [Fact]
    public void Domains_that_cannot_be_monitored_are_refused()
    {
        using var host = new SimulatedHypervisor(new SimulationOptions
        {
            Domains = [new() { Id = 3, Name = "old", Type = DomainType.PV }, new() { Id = 4, Name = "gone" }],
        });
        IReadOnlyList<XenDomain> domains = host.GetDomains();
        host["gone"].Destroy();
        Hosts.Refused(XenErrorId.DomainNotSupported, () => host.EnableMonitor(domains[0], ChannelPreference.Auto));
        Hosts.Refused(XenErrorId.DomainNotSupported, () => host.EnableMonitor(domains[1], ChannelPreference.Auto));
        Hosts.Refused(XenErrorId.DomainNotFound, () => host.EnableMonitor(domains[2], ChannelPreference.Auto));
        Hosts.Refused(XenErrorId.DomainNotFound, () => host.EnableMonitor(new XenDomain(9, "none", Guid.NewGuid(), DomainType.Hvm, 1), ChannelPreference.Auto));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(7)]
    public void What_the_version_or_x86_lacks_is_refused(int version)
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { InterfaceVersion = version });
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        Assert.Equal(Errno.EOPNOTSUPP, Hosts.Refused(XenErrorId.NotSupported, () => monitor.MonitorPrivilegedCall(true)).Errno);
        Assert.Equal(version == 7, (monitor.Capabilities & MonitorCapabilities.VmExit) != 0);
        if (version == 7)
        {
            monitor.MonitorVmExit(true, sync: false);
            monitor.MonitorIo(true);
            return;
        }

        Hosts.Refused(XenErrorId.NotSupported, () => monitor.MonitorVmExit(true, sync: true));
        Hosts.Refused(XenErrorId.NotSupported, () => monitor.MonitorIo(true));
    }

    [Fact]
    public void A_processor_without_ept_has_no_page_access_no_single_step_and_no_exits()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { HasExtendedPageTables = false });
        using IDomainMonitor monitor = host.Enable(ChannelPreference.Ring);
        Hosts.Refused(XenErrorId.NotSupported, () => monitor.SetMemAccess(MemAccess.R, 0x100, 1));
        Hosts.Refused(XenErrorId.NotSupported, () => _ = monitor.DefaultMemAccess);
        Hosts.Refused(XenErrorId.NotSupported, () => monitor.MonitorSingleStep(true));
        Hosts.Refused(XenErrorId.NotSupported, () => monitor.MonitorVmExit(true, sync: false));
        monitor.MonitorIo(true);
    }

    [Fact]
    public void Register_writes_that_are_not_held_back_are_done_at_once()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        listener.Monitor.MonitorWriteControlRegister(ControlRegister.CR3, true, new ControlRegisterOptions(0, false, Sync: true));
        SimulatedVCpu vcpu = host[Hosts.Guest].VCpus[0];
        Task done = vcpu.RunAsync(GuestAction.WriteControlRegister(ControlRegister.CR3, 0x9000));
        Event seen = listener.Next();
        Hosts.Until(() => vcpu.GetControlRegister(ControlRegister.CR3) == 0x9000);
        listener.Answer(seen, VmEventFlags.Deny);
        done.Finish();
        Assert.Equal(0x9000u, vcpu.GetControlRegister(ControlRegister.CR3));
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        SimulatedDomainOptions fine = new() { Id = 1, Name = "a" };
        Assert.Throws<ArgumentOutOfRangeException>(() => Of(fine with { Id = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Of(fine with { VCpus = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Of(fine with { VCpus = 129 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Of(fine with { Pages = 511 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Of(fine with { RoundsPerSecond = -1 }));
        Assert.Throws<ArgumentException>(() => Of(fine, fine with { Name = "b" }));
        Hosts.Refused(XenErrorId.UnknownInterfaceVersion, () => new SimulatedHypervisor(new SimulationOptions { InterfaceVersion = 8 }).Dispose());

        static void Of(params SimulatedDomainOptions[] domains) => new SimulatedHypervisor(new SimulationOptions { Domains = domains }).Dispose();
    }
}
