using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>If nobody decides, the guest does what it would have done unwatched.</summary>
public class DefaultAnswerTests
{
    public static TheoryData<ChannelPreference, int> ChannelsAndVersions
    {
        get
        {
            TheoryData<ChannelPreference, int> data = [];
            for (int version = VmEventLayout.OldestVersion; version <= VmEventLayout.NewestVersion; version++)
            {
                data.Add(ChannelPreference.Ring, version);
                data.Add(ChannelPreference.Slotted, version);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ChannelsAndVersions))]
    public void The_guest_goes_on_after_every_kind_as_if_nobody_watched(ChannelPreference channel, int version)
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { InterfaceVersion = version });
        SimulatedDomain guest = host.Guest();
        SimulatedVCpu vcpu = guest.VCpus[0];
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.Everything);
        ulong cr4 = vcpu.GetControlRegister(ControlRegister.CR4) ^ 4;
        guest.Run(
            GuestAction.WriteControlRegister(ControlRegister.CR4, cr4),
            GuestAction.WriteMsr(Msr.Lstar, 0x1234),
            GuestAction.Breakpoint(),
            GuestAction.DebugException(),
            GuestAction.DescriptorAccess(2, isWrite: true),
            GuestAction.GuestRequest(),
            GuestAction.WritePage(0x180, 8, 42),
            GuestAction.ExecutePage(0x181),
            GuestAction.Cpuid(0),
            GuestAction.Nop());
        Assert.Equal(cr4, vcpu.GetControlRegister(ControlRegister.CR4));
        Assert.Equal(0x1234u, vcpu.GetMsr(Msr.Lstar));
        Assert.Equal(1, vcpu.GetExceptions(3));
        Assert.Equal(1, vcpu.GetExceptions(1));
        Assert.Equal(0, vcpu.GetExceptions(6));
        Assert.Equal(42u, guest.ReadMemory(0x180, 8));
        Assert.Equal(0x756e_6547u, vcpu.Registers[VmEventField.Rbx]);
        Assert.Equal(MemAccess.Rwx, guest.GetMemAccess(0x180));
        Assert.Equal(MemAccess.Rwx, guest.GetMemAccess(0x181));
        Assert.Equal(MemAccess.R, guest.GetMemAccess(0x182));
        var kinds = new List<VmEventKind>();
        while (seen.TryTake(out VmEvent? one))
        {
            Assert.Equal((VmEventResponse.Continue, ResponseState.Default), (one.Response, one.ResponseState));
            if (one is not MemAccessEvent { Access: PageAccess.Execute }) kinds.Add(one.Kind);
        }

        Assert.Equal(
            [
                VmEventKind.WriteControlRegister, VmEventKind.MovToMsr, VmEventKind.SoftwareBreakpoint, VmEventKind.DebugException,
                VmEventKind.DescriptorAccess, VmEventKind.GuestRequest, VmEventKind.MemAccess, VmEventKind.Cpuid,
            ],
            kinds);
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void A_vcpu_does_not_wait_after_an_exit_which_it_would_only_repeat(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.VmExit));
        host.Guest().Run(GuestAction.Cpuid(0), GuestAction.Interrupt());
        Assert.Equal(10u, seen.Next<VmExitEvent>().Reason);
        VmExitEvent last = seen.Next<VmExitEvent>();
        Assert.Equal((1UL, false, VmEventResponse.Continue), (last.Reason, last.IsSynchronous, last.Response));
    }

    [Theory]
    [InlineData(ChannelPreference.Ring)]
    [InlineData(ChannelPreference.Slotted)]
    public void What_is_set_as_default_for_a_kind_is_what_it_gets_from_then_on(ChannelPreference channel)
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedDomain guest = host.Guest();
        using MonitorSession session = host.Session(channel);
        using EventSubscription seen = session.Watch(new EventWatch
        {
            Kinds = [VmEventKind.MovToMsr, VmEventKind.MemAccess],
            Msrs = [Msr.Lstar],
            Pages = new PageWatch { Access = PageAccess.Write, Ranges = [new GfnRange(0x180)], Repeat = true },
        });
        session.SetDefaultResponse(VmEventKind.MovToMsr, VmEventResponse.Deny);
        session.SetDefaultResponse(VmEventKind.MemAccess, VmEventResponse.EmulateNoWrite);
        ulong old = guest.VCpus[0].GetMsr(Msr.Lstar);
        guest.Run(GuestAction.WriteMsr(Msr.Lstar, 1), GuestAction.WritePage(0x180, 0, 1), GuestAction.Nop());
        Assert.Equal((old, 0UL), (guest.VCpus[0].GetMsr(Msr.Lstar), guest.ReadMemory(0x180, 0)));
        Assert.Equal(VmEventResponse.Deny, seen.Next<MovToMsrEvent>().Response);
        Assert.Equal(VmEventResponse.EmulateNoWrite, seen.Next<MemAccessEvent>().Response);
        session.SetDefaultResponse(VmEventKind.MovToMsr, VmEventResponse.Continue);
        session.SetDefaultResponse(VmEventKind.MemAccess, VmEventResponse.Emulate);
        guest.Run(GuestAction.WriteMsr(Msr.Lstar, 1), GuestAction.WritePage(0x180, 0, 1), GuestAction.Nop());
        Assert.Equal((1UL, 1UL), (guest.VCpus[0].GetMsr(Msr.Lstar), guest.ReadMemory(0x180, 0)));
        Hosts.Refused(XenErrorId.ResponseNotApplicable, () => session.SetDefaultResponse(VmEventKind.Cpuid, VmEventResponse.Deny));
    }

    [Fact]
    public void An_answer_with_a_condition_is_only_for_events_that_meet_it()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        SimulatedVCpu vcpu = host.Guest().VCpus[0];
        using MonitorSession session = host.Session(ChannelPreference.Ring);
        using EventSubscription seen = session.Watch(Watches.Msrs(Msr.Lstar, Msr.SysenterEip));
        AnswerCondition lstar = new() { Msrs = [Msr.Lstar] };
        session.SetDefaultResponse(VmEventKind.MovToMsr, VmEventResponse.Deny, lstar);
        Write(Msr.Lstar, 1, done: false);
        Write(Msr.SysenterEip, 1, done: true);

        // The one that was set last is asked first; the same condition again replaces the answer.
        session.SetDefaultResponse(VmEventKind.MovToMsr, VmEventResponse.Continue, new AnswerCondition { When = EventCondition.Parse(VmEventKind.MovToMsr, "newValue == 2") });
        Write(Msr.Lstar, 2, done: true);
        Write(Msr.Lstar, 3, done: false);
        session.SetDefaultResponse(VmEventKind.MovToMsr, VmEventResponse.Continue, lstar);
        Write(Msr.Lstar, 4, done: true);

        // Without a condition it is for all of them.
        session.SetDefaultResponse(VmEventKind.MovToMsr, VmEventResponse.Deny);
        Write(Msr.Lstar, 2, done: false);
        Write(Msr.SysenterEip, 5, done: false);

        void Write(uint msr, ulong value, bool done)
        {
            host.Guest().Run(GuestAction.WriteMsr(msr, value));
            Assert.Equal(done, vcpu.GetMsr(msr) == value);
            Assert.Equal(done ? "Continue" : "Deny", seen.Next<MovToMsrEvent>().Response!.Name);
        }
    }

    [Theory]
    [InlineData("newValue", "a number, not a condition")]
    [InlineData("leaf == 1", "neither a field of MovToMsr events nor a register")]
    public void A_wrong_condition_is_refused_with_the_fields_that_there_are(string text, string message)
    {
        XenException refused = Assert.Throws<XenException>(() => EventCondition.Parse(VmEventKind.MovToMsr, text));
        Assert.Equal(XenErrorId.InvalidExpression, refused.Id);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.Contains("msr, oldValue, newValue", refused.Remedy, StringComparison.Ordinal);
    }
}
