using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>What each answer does to the guest.</summary>
public sealed class AnswerTests : IDisposable
{
    private readonly SimulatedHypervisor _host = new(new SimulationOptions
    {
        Domains = [new() { Id = 5, Name = Hosts.Guest, Workload = Workload.Idle, IsFork = true, IsTraced = true }],
    });

    private readonly MonitorSession _session;

    public AnswerTests() => _session = _host.Session(ChannelPreference.Auto);

    private SimulatedDomain Guest => _host.Guest();

    private SimulatedVCpu VCpu => Guest.VCpus[0];

    public void Dispose()
    {
        _session.Dispose();
        Guest.AssertFree();
        _host.Dispose();
    }

    [Fact]
    public void Registers_answer_cpuid_with_other_results()
    {
        Answer<CpuidEvent>(
            VmEventKind.Cpuid,
            VmEventResponse.Continue.WithRegister(SettableRegister.Rax, 0xabc).WithRegister(SettableRegister.R15, ulong.MaxValue),
            GuestAction.Cpuid(0));
        Assert.Equal((0xabcu, ulong.MaxValue), (VCpu.GetRegister(SettableRegister.Rax), VCpu.GetRegister(SettableRegister.R15)));
        Assert.Equal(0x756e_6547u, VCpu.GetRegister(SettableRegister.Rbx));
        Assert.Equal(1, VCpu.Events);
    }

    [Fact]
    public void Registers_after_a_guest_request_leave_it_made()
    {
        Answer<GuestRequestEvent>(
            VmEventKind.GuestRequest, VmEventResponse.Continue.WithRegister(SettableRegister.Rbx, 7), GuestAction.GuestRequest());
        Assert.Equal((7u, 0u), (VCpu.GetRegister(SettableRegister.Rbx), VCpu.GetRegister(SettableRegister.Rax)));
        Assert.Equal(1, VCpu.Events);
    }

    [Fact]
    public void Registers_with_a_register_write_send_the_guest_where_they_say()
    {
        using EventSubscription held = _session.Watch(Watches.Msrs(Msr.Lstar) with { Hold = true });
        Task done = VCpu.RunAsync(GuestAction.WriteMsr(Msr.Lstar, 5));
        MovToMsrEvent one = held.Next<MovToMsrEvent>();
        Assert.Contains(
            "Rip",
            Hosts.Refused(XenErrorId.ResponseNotApplicable, () => one.Respond(VmEventResponse.Continue.WithRegister(SettableRegister.Rcx, 1))).Message,
            StringComparison.Ordinal);
        one.Respond(VmEventResponse.Continue
            .WithRegister(SettableRegister.Rcx, 1)
            .WithRegister(SettableRegister.Rip, one.InstructionPointer + 2));
        done.Finish();
        Assert.Equal((1u, 5u), (VCpu.GetRegister(SettableRegister.Rcx), VCpu.GetMsr(Msr.Lstar)));
        Assert.Equal(1, VCpu.Events);
    }

    [Theory]
    [InlineData(VmEventAction.Skip, 0)]
    [InlineData(VmEventAction.Reinject, 1)]
    [InlineData(VmEventAction.Continue, 1)]
    public void A_breakpoint_is_swallowed_or_given_to_the_guest(VmEventAction action, long delivered)
    {
        Answer<SoftwareBreakpointEvent>(VmEventKind.SoftwareBreakpoint, new() { Action = action }, GuestAction.Breakpoint());
        Assert.Equal((delivered, 1), (VCpu.GetExceptions(3), VCpu.Events));
    }

    [Theory]
    [InlineData(VmEventAction.Skip, 0)]
    [InlineData(VmEventAction.Reinject, 1)]
    public void A_debug_exception_is_swallowed_or_given_to_the_guest(VmEventAction action, long delivered)
    {
        Answer<DebugExceptionEvent>(VmEventKind.DebugException, new() { Action = action }, GuestAction.DebugException());
        Assert.Equal((delivered, 1), (VCpu.GetExceptions(1), VCpu.Events));
    }

    [Theory]
    [InlineData("90", 1, 0)]
    [InlineData("48bb8877665544332211", 10, 0x1122334455667788)]
    [InlineData("bb04030201", 5, 0x01020304)]
    [InlineData("41bb04030201", 6, 0)]
    [InlineData("53", 1, 0)]
    public void An_instruction_is_executed_in_the_place_of_int3(string code, uint length, ulong rbx)
    {
        ulong rsp = VCpu.GetRegister(SettableRegister.Rsp);
        ulong before = rbx == 0 ? VCpu.GetRegister(SettableRegister.Rbx) : rbx;
        SoftwareBreakpointEvent seen = Answer<SoftwareBreakpointEvent>(
            VmEventKind.SoftwareBreakpoint, new VmEventResponse(VmEventAction.Emulate) { InstructionData = Convert.FromHexString(code) }, GuestAction.Breakpoint());
        Assert.Equal(seen.InstructionPointer + length, VCpu.GetRegister(SettableRegister.Rip));
        Assert.Equal(before, VCpu.GetRegister(SettableRegister.Rbx));
        Assert.Equal(code == "53" ? rsp - 8 : rsp, VCpu.GetRegister(SettableRegister.Rsp));
        Assert.Equal(code == "41bb04030201", VCpu.GetRegister(SettableRegister.R11) == 0x01020304);
        Assert.Equal((0, 1), (VCpu.GetExceptions(3), VCpu.Events));
    }

    [Fact]
    public void An_instruction_that_Xen_cannot_emulate_is_invalid_to_the_guest()
    {
        Answer<SoftwareBreakpointEvent>(
            VmEventKind.SoftwareBreakpoint, new VmEventResponse(VmEventAction.Emulate) { InstructionData = new byte[] { 0x0f, 0x0b } }, GuestAction.Breakpoint());
        Assert.Equal((0, 1), (VCpu.GetExceptions(3), VCpu.GetExceptions(6)));
    }

    [Theory]
    [InlineData("1122334455667788", 0x8877665544332211)]
    [InlineData("112233", 0x332211)]
    [InlineData("112233445566778899aabb", 0x8877665544332211)]
    public void An_emulated_read_gets_the_data_of_the_answer_and_zeros_beyond(string data, ulong seen)
    {
        Guest.Memory.Write(0x180 * 4096UL, 42);
        using EventSubscription held = _session.Watch(Watches.Repeated(PageAccess.Read, new GfnRange(0x180)) with { Hold = true });
        Task done = VCpu.RunAsync(GuestAction.ReadPage(0x180), GuestAction.ReadPage(0x180));
        held.Next<MemAccessEvent>().Respond(new VmEventResponse(VmEventAction.Emulate) { EmulatedReadData = Convert.FromHexString(data) });
        MemAccessEvent second = held.Next<MemAccessEvent>();
        Assert.Equal(seen, VCpu.GetRegister(SettableRegister.Rax));
        second.Respond(VmEventResponse.Emulate);
        done.Finish();
        Assert.Equal(42u, VCpu.GetRegister(SettableRegister.Rax));
    }

    [Fact]
    public void Data_to_read_is_refused_for_a_write_and_left_out_by_default()
    {
        using EventSubscription held = _session.Watch(Watches.Repeated(PageAccess.Write, new GfnRange(0x180)) with { Hold = true });
        VmEventResponse data = new(VmEventAction.Emulate) { EmulatedReadData = new byte[] { 1 } };
        Task done = VCpu.RunAsync(GuestAction.WritePage(0x180, 0, 5));
        MemAccessEvent one = held.Next<MemAccessEvent>();
        Hosts.Refused(XenErrorId.ResponseNotApplicable, () => one.Respond(data));
        _session.SetDefaultResponse(VmEventKind.MemAccess, data);
        Assert.True(_session.Release(one));
        Assert.Equal(VmEventResponse.Continue, one.Response);
        done.Finish();
        Assert.Equal(5u, Guest.ReadMemory(0x180, 0));
    }

    [Fact]
    public void The_trace_starts_anew()
    {
        using EventSubscription held = _session.Watch(Watches.For(VmEventKind.Cpuid) with { Hold = true });
        Task done = VCpu.RunAsync(GuestAction.Nop(), GuestAction.Nop(), GuestAction.Cpuid(0), GuestAction.Nop(), GuestAction.Cpuid(0));
        CpuidEvent first = held.Next<CpuidEvent>();
        first.Respond(new VmEventResponse { ResetVmTrace = true });
        CpuidEvent second = held.Next<CpuidEvent>();
        Assert.Equal((16u, 8u), (Position(first), Position(second)));
        second.Respond(VmEventResponse.Continue);
        done.Finish();

        static ulong Position(VmEvent one) => one.Request.UInt64(VmEventField.VmtracePosition);
    }

    [Fact]
    public void A_vcpu_steps_from_one_toggle_to_the_next_and_never_beyond_its_watch()
    {
        using EventSubscription held = _session.Watch(Watches.For(VmEventKind.Cpuid) with { Hold = true });
        Task done = VCpu.RunAsync(GuestAction.Cpuid(0), GuestAction.Nop(), GuestAction.Nop(), GuestAction.Cpuid(1), GuestAction.Nop());
        CpuidEvent first = held.Next<CpuidEvent>();
        VmEventResponse toggle = new() { ToggleSingleStep = true };
        Assert.Contains(
            "Nobody watches SingleStep", Hosts.Refused(XenErrorId.ResponseNotApplicable, () => first.Respond(toggle)).Message, StringComparison.Ordinal);
        EventSubscription steps = _session.Watch(Watches.For(VmEventKind.SingleStep) with { Hold = true });
        first.Respond(toggle);
        steps.Next<SingleStepEvent>().Respond(VmEventResponse.Continue);
        steps.Next<SingleStepEvent>().Respond(toggle);
        held.Next<CpuidEvent>().Respond(toggle);
        SingleStepEvent last = steps.Next<SingleStepEvent>();
        Assert.True(VCpu.IsSingleStepping);
        steps.Dispose();
        Assert.Equal(ResponseState.Released, last.ResponseState);
        done.Finish();
        Assert.False(VCpu.IsSingleStepping);
    }

    [Fact]
    public void A_step_that_was_asked_for_before_its_watch_ended_is_not_begun_after()
    {
        using EventSubscription held = _session.Watch(Watches.For(VmEventKind.Cpuid) with { Hold = true });
        using EventSubscription steps = _session.Watch(Watches.For(VmEventKind.SingleStep));
        _session.SetDefaultResponse(VmEventKind.Cpuid, new VmEventResponse { ToggleSingleStep = true });
        Task done = VCpu.RunAsync(GuestAction.Cpuid(0), GuestAction.Nop());
        CpuidEvent one = held.Next<CpuidEvent>();
        steps.Dispose();
        Assert.True(_session.Release(one));
        done.Finish();
        Assert.False(VCpu.IsSingleStepping);
    }

    [Fact]
    public void After_one_fast_step_the_vcpu_is_in_the_view_named_and_nobody_was_told()
    {
        int view;
        lock (Guest.Gate)
        {
            Guest.Views.SetActive(true);
            view = Guest.Views.Create();
        }

        Answer<CpuidEvent>(
            VmEventKind.Cpuid, new VmEventResponse { FastSingleStepView = (ushort)view }, GuestAction.Nop(), GuestAction.Cpuid(0), GuestAction.Nop());
        Assert.Equal((view, false, 1L), ((int)VCpu.View, VCpu.IsSingleStepping, VCpu.Events));
        Answer<CpuidEvent>(VmEventKind.Cpuid, new VmEventResponse { View = 0 }, GuestAction.Cpuid(0), GuestAction.Nop());
        Assert.Equal(0, VCpu.View);
    }

    [Fact]
    public void Where_the_processor_cannot_step_an_answer_that_asks_for_it_is_refused()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { HasExtendedPageTables = false });
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        Hosts.Refused(
            XenErrorId.NotSupported, () => session.SetDefaultResponse(VmEventKind.Cpuid, new VmEventResponse { ToggleSingleStep = true }));
    }

    [Fact]
    public void The_next_interrupt_is_reported_once_also_when_it_is_the_exception_given_back()
    {
        using EventSubscription interrupts = _session.Watch(Watches.For(VmEventKind.Interrupt));
        Answer<SoftwareBreakpointEvent>(
            VmEventKind.SoftwareBreakpoint, new VmEventResponse(VmEventAction.Reinject) { GetNextInterrupt = true }, GuestAction.Breakpoint(), GuestAction.Interrupt());
        Assert.Equal(3u, interrupts.Next<InterruptEvent>().Vector);
        Answer<CpuidEvent>(
            VmEventKind.Cpuid, new VmEventResponse { GetNextInterrupt = true }, GuestAction.Cpuid(0), GuestAction.Interrupt(), GuestAction.Interrupt());
        Assert.Equal(0xecu, interrupts.Next<InterruptEvent>().Vector);
        Assert.False(interrupts.HasNews);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_fork_gets_its_first_state_or_memory_again(bool state, bool memory)
    {
        ulong lstar = VCpu.GetMsr(Msr.Lstar);
        ulong rbx = VCpu.GetRegister(SettableRegister.Rbx);
        Answer<CpuidEvent>(
            VmEventKind.Cpuid,
            new VmEventResponse { ResetForkState = state, ResetForkMemory = memory },
            GuestAction.WriteMsr(Msr.Lstar, 5),
            GuestAction.WritePage(0x180, 0, 6),
            GuestAction.Cpuid(0));
        Assert.Equal(state ? lstar : 5, VCpu.GetMsr(Msr.Lstar));
        Assert.Equal(state, VCpu.GetRegister(SettableRegister.Rbx) == rbx);
        Assert.Equal(memory ? 0u : 6u, Guest.ReadMemory(0x180, 0));
    }

    [Fact]
    public void A_domain_that_is_no_fork_is_not_reset()
    {
        using SimulatedHypervisor host = Hosts.Idle();
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        session.SetDefaultResponse(VmEventKind.GuestRequest, new VmEventResponse { ResetForkState = true, ResetForkMemory = true });
        using EventSubscription seen = session.Watch(Watches.For(VmEventKind.GuestRequest));
        host.Guest().Run(GuestAction.WritePage(0x180, 0, 6), GuestAction.GuestRequest(), GuestAction.Nop());
        Assert.Equal(6u, host.Guest().ReadMemory(0x180, 0));
        Assert.True(seen.Next<GuestRequestEvent>().Response!.ResetForkState);
    }

    [Fact]
    public void An_answer_that_this_Xen_does_not_know_is_refused_before_it_is_sent()
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { InterfaceVersion = 5 });
        using MonitorSession session = host.Session(ChannelPreference.Auto);
        VmEventResponse[] unknown =
        [
            new VmEventResponse { FastSingleStepView = 1 },
            new VmEventResponse { ResetVmTrace = true },
            new VmEventResponse { ResetForkMemory = true },
        ];
        foreach (VmEventResponse one in unknown)
        {
            XenException error = Hosts.Refused(XenErrorId.NotSupported, () => session.SetDefaultResponse(VmEventKind.Cpuid, one));
            Assert.Contains("version 5", error.Message, StringComparison.Ordinal);
        }

        Hosts.Refused(
            XenErrorId.NotSupported,
            () => session.SetDefaultResponse(VmEventKind.MemAccess, new VmEventResponse(VmEventAction.Emulate) { EmulatedReadData = new byte[325] }));
        session.SetDefaultResponse(VmEventKind.MemAccess, new VmEventResponse(VmEventAction.Emulate) { EmulatedReadData = new byte[324] });
    }

    /// <summary>Has the guest do something, and answers its one event of a kind.</summary>
    private T Answer<T>(VmEventKind kind, VmEventResponse response, params GuestAction[] actions)
        where T : VmEvent
    {
        using EventSubscription held = _session.Watch(Watches.For(kind) with { Hold = true });
        Task done = VCpu.RunAsync(actions);
        T seen = held.Next<T>();
        seen.Respond(response);
        done.Finish();
        return seen;
    }
}
