using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Simulation;

public sealed class InstructionTests : IDisposable
{
    private static readonly ControlRegisterOptions Sync = new(IgnoredBits: 0, OnChangeOnly: false, Sync: true);
    private readonly SimulatedHypervisor _host = Hosts.Idle();
    private readonly Listener _listener;

    public InstructionTests() => _listener = new Listener(_host, Hosts.Guest, ChannelPreference.Ring);

    private IDomainMonitor Monitor => _listener.Monitor;

    private SimulatedVCpu VCpu => _host[Hosts.Guest].VCpus[0];

    public void Dispose()
    {
        _listener.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Cpuid_is_executed_again_with_what_it_returned_unless_rip_moves()
    {
        Monitor.MonitorCpuid(true);
        Task done = VCpu.RunAsync(GuestAction.Cpuid(0x4000_0000));
        Event first = _listener.Next();
        Assert.Equal(0x4000_0000u, first[VmEventField.CpuidLeaf]);
        Assert.Equal(2u, first[VmEventField.CpuidInstructionLength]);
        Assert.Equal(0x566e_6558u, first[VmEventField.Rbx]);
        _listener.Answer(first);
        Event again = _listener.Next();
        Assert.Equal(first[VmEventField.Rip], again[VmEventField.Rip]);
        Assert.Equal(first[VmEventField.Rax], again[VmEventField.CpuidLeaf]);
        _listener.Skip(again, 2);
        done.Finish();
    }

    [Theory]
    [InlineData(ControlRegister.CR0)]
    [InlineData(ControlRegister.CR3)]
    [InlineData(ControlRegister.CR4)]
    public void A_control_register_is_written_after_the_answer_and_not_when_it_is_denied(ControlRegister register)
    {
        ulong old = VCpu.GetControlRegister(register);
        Monitor.DeferRegisterWrites();
        Monitor.MonitorWriteControlRegister(register, true, Sync);
        Task done = VCpu.RunAsync(GuestAction.WriteControlRegister(register, old ^ 0x1000), GuestAction.WriteControlRegister(register, old ^ 0x3000));
        Event seen = _listener.Next();
        Assert.Equal((ulong)register, seen[VmEventField.ControlRegisterIndex]);
        Assert.Equal(old, seen[VmEventField.ControlRegisterOldValue]);
        Assert.Equal(old ^ 0x1000, seen[VmEventField.ControlRegisterNewValue]);
        Assert.Equal(old, VCpu.GetControlRegister(register));
        _listener.Answer(seen);
        Event second = _listener.Next();
        Assert.Equal(old ^ 0x1000, VCpu.GetControlRegister(register));
        _listener.Answer(second, VmEventFlags.Deny);
        done.Finish();
        Assert.Equal(old ^ 0x1000, VCpu.GetControlRegister(register));
    }

    [Fact]
    public void Xcr0_is_written_whatever_the_answer()
    {
        Monitor.MonitorWriteControlRegister(ControlRegister.Xcr0, true, Sync);
        Task done = VCpu.RunAsync(GuestAction.WriteControlRegister(ControlRegister.Xcr0, 3));
        _listener.Answer(_listener.Next(), VmEventFlags.Deny);
        done.Finish();
        Assert.Equal(3u, VCpu.GetControlRegister(ControlRegister.Xcr0));
    }

    [Fact]
    public void Writes_that_change_no_watched_bit_are_not_reported()
    {
        ulong old = VCpu.GetControlRegister(ControlRegister.CR4);
        Monitor.MonitorWriteControlRegister(ControlRegister.CR4, true, Sync with { IgnoredBits = 0x80 });
        VCpu.RunAsync(
            GuestAction.WriteControlRegister(ControlRegister.CR4, old),
            GuestAction.WriteControlRegister(ControlRegister.CR4, old ^ 0x80)).Finish();
        Assert.Equal(0, VCpu.Events);
    }

    [Fact]
    public void An_asynchronous_write_event_stops_nobody()
    {
        Monitor.MonitorWriteControlRegister(ControlRegister.CR3, true, Sync with { Sync = false });
        VCpu.RunAsync(GuestAction.WriteControlRegister(ControlRegister.CR3, 0x5000)).Finish();
        Assert.False(_listener.Next().IsSynchronous);
        Assert.Equal(0x5000u, VCpu.GetControlRegister(ControlRegister.CR3));
    }

    [Fact]
    public void A_write_not_done_when_the_monitor_is_disabled_is_lost()
    {
        ulong old = VCpu.GetControlRegister(ControlRegister.CR3);
        Monitor.DeferRegisterWrites();
        Monitor.MonitorWriteControlRegister(ControlRegister.CR3, true, Sync);
        VCpu.RunAsync(GuestAction.WriteControlRegister(ControlRegister.CR3, 0x7000));
        _listener.Next();
        Monitor.Disable();
        using var next = new Listener(_host, Hosts.Guest, ChannelPreference.Ring);
        Assert.True(VCpu.IsPaused);
        Assert.Equal(old, VCpu.GetControlRegister(ControlRegister.CR3));
    }

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 1)]
    public void Msr_writes_are_reported_each_or_when_they_change_something(bool onChangeOnly, int events)
    {
        const uint Lstar = 0xc000_0082;
        Monitor.DeferRegisterWrites();
        Monitor.MonitorMovToMsr(Lstar, true, onChangeOnly);
        ulong old = VCpu.GetMsr(Lstar);
        Task done = VCpu.RunAsync(GuestAction.WriteMsr(Lstar, 5), GuestAction.WriteMsr(Lstar, 5), GuestAction.WriteMsr(0x174, 1));
        for (int i = 0; i < events; i++)
        {
            Event seen = _listener.Next();
            Assert.Equal(Lstar, seen[VmEventField.Msr]);
            Assert.Equal(5u, seen[VmEventField.MsrNewValue]);
            Assert.Equal(i == 0 ? old : 5, seen[VmEventField.MsrOldValue]);
            Assert.Equal(i == 0 ? old : 5, VCpu.GetMsr(Lstar));
            _listener.Answer(seen);
        }

        done.Finish();
        Assert.Equal(5u, VCpu.GetMsr(Lstar));
        Assert.Equal(events, VCpu.Events);
    }

    [Fact]
    public void An_msr_write_can_be_denied()
    {
        Monitor.DeferRegisterWrites();
        Monitor.MonitorMovToMsr(0x175, true, onChangeOnly: false);
        ulong old = VCpu.GetMsr(0x175);
        Task done = VCpu.RunAsync(GuestAction.WriteMsr(0x175, 9));
        _listener.Answer(_listener.Next(), VmEventFlags.Deny);
        done.Finish();
        Assert.Equal(old, VCpu.GetMsr(0x175));
    }

    [Fact]
    public void Int3_comes_back_until_it_is_injected()
    {
        Monitor.MonitorSoftwareBreakpoint(true);
        Task done = VCpu.RunAsync(GuestAction.Breakpoint());
        Event seen = _listener.Next();
        Assert.Equal(1u, seen[VmEventField.BreakpointInstructionLength]);
        Assert.Equal(6u, seen[VmEventField.BreakpointType]);
        _listener.Answer(seen);
        seen = _listener.Next();
        Assert.Equal(0, VCpu.GetExceptions(3));
        _listener.Resolve(seen);
        done.Finish();
        Assert.Equal(1, VCpu.GetExceptions(3));
        Assert.Equal(2, VCpu.Events);
    }

    [Fact]
    public void Int3_can_be_stepped_over_unseen_by_the_guest()
    {
        Monitor.MonitorSoftwareBreakpoint(true);
        Task done = VCpu.RunAsync(GuestAction.Breakpoint());
        _listener.Skip(_listener.Next(), 1);
        done.Finish();
        Assert.Equal(0, VCpu.GetExceptions(3));
    }

    [Fact]
    public void A_second_exception_for_the_same_event_is_refused()
    {
        Monitor.MonitorSoftwareBreakpoint(true);
        Task done = VCpu.RunAsync(GuestAction.Breakpoint());
        Event seen = _listener.Next();
        Monitor.InjectTrap(0, new TrapInjection(3, 6, 1));
        Assert.Equal(Errno.EBUSY, Hosts.Refused(XenErrorId.CallFailed, () => Monitor.InjectTrap(0, new TrapInjection(3, 6, 1))).Errno);
        _listener.Answer(seen);
        done.Finish();
        Assert.Equal(1, VCpu.GetExceptions(3));
    }

    [Theory]
    [InlineData(true, false, 0)]
    [InlineData(true, true, 1)]
    [InlineData(false, false, 1)]
    public void A_debug_exception_waited_for_is_lost_unless_injected(bool sync, bool inject, long delivered)
    {
        Monitor.MonitorDebugException(true, sync);
        Task done = VCpu.RunAsync(GuestAction.DebugException());
        Event seen = _listener.Next();
        Assert.Equal(sync, seen.IsSynchronous);
        if (inject) Monitor.InjectTrap(0, new TrapInjection(1, 3, 0, 1));
        _listener.Answer(seen);
        done.Finish();
        Assert.Equal(delivered, VCpu.GetExceptions(1));
    }

    [Fact]
    public void A_descriptor_access_comes_back_until_it_is_emulated()
    {
        Monitor.MonitorDescriptorAccess(true);
        Task done = VCpu.RunAsync(GuestAction.DescriptorAccess(2, isWrite: true));
        _listener.Answer(_listener.Next());
        Event seen = _listener.Next();
        Assert.Equal(2u, seen[VmEventField.Descriptor]);
        Assert.Equal(1u, seen[VmEventField.DescriptorIsWrite]);
        _listener.Answer(seen, VmEventFlags.Emulate);
        done.Finish();
        Assert.Equal(2, VCpu.Events);
    }

    [Fact]
    public void An_instruction_that_Xen_cannot_emulate_is_reported_or_invalid()
    {
        Monitor.SetMemAccess(MemAccess.R, 0x150, 1);
        Task done = VCpu.RunAsync(GuestAction.WritePageWithVector(0x150, 0, 1));
        _listener.Answer(_listener.Next(), VmEventFlags.Emulate);
        done.Finish();
        Assert.Equal(1, VCpu.GetExceptions(6));

        Monitor.MonitorEmulUnimplemented(true);
        done = VCpu.RunAsync(GuestAction.WritePageWithVector(0x150, 0, 1));
        _listener.Answer(_listener.Next(), VmEventFlags.Emulate);
        Event seen = _listener.Next();
        Assert.Equal(VmEventKind.EmulUnimplemented, seen.Kind);
        Monitor.SetMemAccess(MemAccess.Rwx, 0x150, 1);
        _listener.Answer(seen);
        done.Finish();
        Assert.Equal(1u, _host[Hosts.Guest].ReadMemory(0x150, 0));
    }

    [Fact]
    public void Single_steps_are_reported_from_one_toggle_to_the_next()
    {
        Monitor.MonitorCpuid(true);
        Monitor.MonitorSingleStep(true);
        Task done = VCpu.RunAsync(GuestAction.Cpuid(0), GuestAction.Nop(), GuestAction.Nop(), GuestAction.Nop());
        Event cpuid = _listener.Next();
        _listener.Answer(cpuid, VmEventFlags.SetRegisters | VmEventFlags.ToggleSingleStep, (request, response) =>
        {
            response.CopyRegisters(request);
            response.Set(VmEventField.Rip, request.UInt64(VmEventField.Rip) + 2);
        });
        for (int i = 0; i < 3; i++)
        {
            Event step = _listener.Next();
            Assert.Equal(VmEventKind.SingleStep, step.Kind);
            _listener.Answer(step, i == 2 ? VmEventFlags.ToggleSingleStep : VmEventFlags.None);
        }

        done.Finish();
        Assert.False(VCpu.IsSingleStepping);
        Assert.Equal(4, VCpu.Events);
    }

    [Fact]
    public void The_next_interrupt_is_reported_when_asked_for()
    {
        Monitor.MonitorGuestRequest(enable: true, sync: true, allowUserspace: false);
        Task done = VCpu.RunAsync(GuestAction.Interrupt(), GuestAction.GuestRequest(), GuestAction.Interrupt(), GuestAction.Interrupt());
        _listener.Answer(_listener.Next(), VmEventFlags.GetNextInterrupt);
        Event seen = _listener.Next();
        Assert.Equal(VmEventKind.Interrupt, seen.Kind);
        Assert.Equal(0xecu, seen[VmEventField.InterruptVector]);
        _listener.Answer(seen);
        done.Finish();
        Assert.Equal(2, VCpu.Events);
    }

    [Fact]
    public void Port_access_is_reported_with_its_direction()
    {
        Monitor.MonitorIo(true);
        Task done = VCpu.RunAsync(GuestAction.PortIo(0x3f8, isRead: false));
        Event seen = _listener.Next();
        Assert.Equal((0x3f8u, 0u, 1u), (seen[VmEventField.IoPort], seen[VmEventField.IoIn], seen[VmEventField.IoBytes]));
        _listener.Skip(seen, 1);
        done.Finish();
    }

    [Fact]
    public void A_vcpu_runs_no_time_while_it_waits()
    {
        Monitor.MonitorGuestRequest(enable: true, sync: true, allowUserspace: false);
        Task done = VCpu.RunAsync(GuestAction.GuestRequest());
        Event seen = _listener.Next();
        ulong before = Monitor.GetVCpuState(0).RunTime;
        Assert.Equal(before, Monitor.GetVCpuState(0).RunTime);
        _listener.Answer(seen);
        done.Finish();
        Hosts.Until(() => Monitor.GetVCpuState(0).RunTime > before);
    }

    [Fact]
    public void Switching_to_what_is_already_so_is_refused()
    {
        Assert.Equal(Errno.EEXIST, Hosts.Refused(XenErrorId.ConflictingWatch, () => Monitor.MonitorCpuid(false)).Errno);
        Monitor.MonitorCpuid(true);
        Hosts.Refused(XenErrorId.ConflictingWatch, () => Monitor.MonitorCpuid(true));
        Monitor.MonitorWriteControlRegister(ControlRegister.CR0, true, default);
        Hosts.Refused(XenErrorId.ConflictingWatch, () => Monitor.MonitorWriteControlRegister(ControlRegister.CR0, true, default));
        Monitor.MonitorMovToMsr(0x10, true, false);
        Hosts.Refused(XenErrorId.ConflictingWatch, () => Monitor.MonitorMovToMsr(0x10, true, false));
        Hosts.Refused(XenErrorId.NotSupported, () => Monitor.MonitorMovToMsr(0x1234_5678, true, false));
    }

    [Theory]
    [InlineData(4, false, 0x16u)]
    [InlineData(5, false, 0u)]
    [InlineData(4, true, 0u)]
    public void Cpuid_is_told_of_by_its_results_on_AMD_up_to_Xen_4_12(int version, bool isIntel, uint leaf)
    {
        using SimulatedHypervisor host = Hosts.Idle(options: new SimulationOptions { InterfaceVersion = version, HasExtendedPageTables = isIntel });
        using var listener = new Listener(host, Hosts.Guest, ChannelPreference.Ring);
        listener.Monitor.MonitorCpuid(true);
        Task done = host[Hosts.Guest].VCpus[0].RunAsync(GuestAction.Cpuid(0));
        Event seen = listener.Next();
        Assert.Equal(leaf, (uint)seen[VmEventField.CpuidLeaf]);
        listener.Skip(seen, 2);
        done.Finish();
    }
}
