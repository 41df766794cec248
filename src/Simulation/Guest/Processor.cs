using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// Executes a vCPU's instructions one by one, with the events that Xen raises meanwhile. An instruction is complete
/// when RIP has left it: until then it is executed again each time the vCPU runs on.
/// </summary>
internal sealed class Processor(SimulatedDomain domain, SimulatedVCpu vcpu)
{
    private readonly MonitorSettings _settings = domain.Settings;
    private readonly GuestRegisters _registers = vcpu.Registers;
    private readonly WatchedInstructions _watched = new(domain, vcpu);
    private readonly TracedEvents _traced = new(domain, vcpu);
    private GuestAction _action;
    private ulong _start;
    private bool _emulating;
    private bool _discardsWrites;
    private ulong? _readData;

    /// <summary>Executes one instruction to its end, however often it is interrupted.</summary>
    /// <returns>False if the vCPU ended first.</returns>
    public bool Execute(GuestAction action)
    {
        if (domain.Architecture == GuestArchitecture.Arm64 && !GuestCode.IsOfArm64(action.Kind)) action = GuestAction.Nop();
        _action = action;
        vcpu.IsDelivering = false; // An answer can have sent it elsewhere.
        _start = _registers.Rip = GuestCode.AddressOf(action);
        if (action.Kind == GuestActionKind.Cpuid)
        {
            _registers[VmEventField.Rax] = action.Target;
            _registers[VmEventField.Rcx] = (uint)action.Value;
        }

        do
        {
            Step();
            if (!Settle()) return false;
            if (_registers.Rip == _start || !vcpu.IsSingleStepping) continue;
            RaiseSingleStep();
            if (!Settle()) return false;
        }
        while (_registers.Rip == _start);
        return true;
    }

    /// <summary>
    /// Raises an event of a trace. The answer's effects on an instruction are ignored, because there is none.
    /// </summary>
    /// <param name="entry">The event.</param>
    /// <param name="raised">Called when the listener has been told, or would not be.</param>
    /// <returns>False if the vCPU ended before the answer.</returns>
    public bool Replay(TraceEntry entry, Action raised)
    {
        ushort view = vcpu.View;
        _traced.Raise(entry);
        vcpu.SignalEvent();
        raised();
        if (!SettleTraced()) return false;
        if (!vcpu.IsSingleStepping || vcpu.View == view) return true;

        // It was switched to another view for one instruction, the one that raised the event.
        RaiseSingleStep();
        return SettleTraced();
    }

    private bool SettleTraced()
    {
        vcpu.SignalEvent();
        if (!vcpu.WaitUntilRunnable()) return false;
        lock (domain.Gate)
        {
            if (vcpu.Answer.Trap is { } trap) vcpu.CountException(trap.Vector);
            vcpu.Answer.Clear();
        }

        vcpu.CountRun();
        return true;
    }

    /// <summary>Waits until the vCPU may run on, and does what the answers ask for.</summary>
    private bool Settle()
    {
        do
        {
            vcpu.SignalEvent();
            if (!vcpu.WaitUntilRunnable()) return false;
        }
        while (ApplyAnswer());
        vcpu.CountRun();
        return true;
    }

    /// <summary>The guest physical address of the instruction.</summary>
    private ulong CodeAddress => _registers.Rip - GuestCode.KernelText;

    /// <summary>Whether somebody has put INT3 where the instruction begins.</summary>
    private bool IsReplaced =>
        _action.Kind != GuestActionKind.Breakpoint && domain.Architecture == GuestArchitecture.X86 && domain.Memory.ByteAt(CodeAddress) == GuestCode.Int3;

    private void Step()
    {
        if (vcpu.IsDelivering)
        {
            Perform(); // It delivers an interrupt before it fetches an instruction.
            return;
        }

        if (!Access(CodeAddress, _registers.Rip, MemAccessFlags.Execute)) return;
        bool isReplaced = IsReplaced;
        vcpu.EndAccess();
        if (isReplaced)
        {
            if (!_settings.VmExit || !RaiseVmExit(0, 0)) _watched.ExecuteInt3(CodeAddress);
            return;
        }

        if (_settings.VmExit && GuestCode.ExitReason(_action) is { } reason && RaiseVmExit(reason, GuestCode.ExitQualification(_action))) return;
        Perform();
    }

    private void Perform()
    {
        switch (_action.Kind)
        {
            case GuestActionKind.WritePage or GuestActionKind.WritePageWithVector or GuestActionKind.WalkPageTable:
                if (!AccessData(MemAccessFlags.Write)) return;
                if (!_discardsWrites && _action.Kind != GuestActionKind.WalkPageTable) domain.Memory.Write(_action.Target, _action.Value);
                vcpu.EndAccess();
                vcpu.Retire(4);
                break;
            case GuestActionKind.ReadPage:
                if (!AccessData(MemAccessFlags.Read)) return;
                _registers[VmEventField.Rax] = _readData ?? domain.Memory.Read(_action.Target);
                vcpu.EndAccess();
                vcpu.Retire(4);
                break;
            case GuestActionKind.InterruptOnStack or GuestActionKind.SoftwareInterrupt:
                // Xen forgets a software interrupt, because the vCPU executes its instruction again.
                vcpu.IsDelivering = _action.Kind == GuestActionKind.InterruptOnStack;
                if (!AccessData(MemAccessFlags.Read | MemAccessFlags.Write)) return;
                domain.Memory.Write(_action.Target, _registers.Rip);
                vcpu.EndAccess();
                vcpu.IsDelivering = false;
                vcpu.Retire(_action.Kind == GuestActionKind.SoftwareInterrupt ? 2u : 1);
                break;
            case GuestActionKind.Nop or GuestActionKind.ExecutePage: vcpu.Retire(1); break;
            default: _watched.Execute(_action, _emulating); break;
        }
    }

    private bool AccessData(MemAccessFlags access) =>
        Access(_action.Target, GuestCode.DirectMap + _action.Target, access, _action.Kind == GuestActionKind.WalkPageTable);

    /// <summary>
    /// Whether a memory access may be done now; raises its event if not. If so, permissions do not change until it is done
    /// (<see cref="SimulatedVCpu.EndAccess"/>).
    /// </summary>
    private bool Access(ulong address, ulong linear, MemAccessFlags access, bool isPageWalk = false)
    {
        ulong gfn = address / GuestMemory.PageSize;
        domain.Touch(gfn);
        if (_emulating && domain.IsDeviceMemory(gfn)) domain.LoseAccess();
        vcpu.BeginAccess();
        if (_emulating || !vcpu.Pages.Forbids(gfn, access, isPageWalk)) return true;
        vcpu.EndAccess();
        lock (domain.Gate)
        {
            if (RaiseViolation(gfn, address, linear, access, isPageWalk)) return false;
            vcpu.BeginAccess();
            return true;
        }
    }

    /// <returns>Whether the access has to wait. Under the domain's gate.</returns>
    private bool RaiseViolation(ulong gfn, ulong address, ulong linear, MemAccessFlags access, bool isPageWalk)
    {
        PagePermissions pages = vcpu.Pages;
        if (!pages.Forbids(gfn, access, isPageWalk)) return false;
        Violation violation = pages.Touch(gfn, access);
        if (violation == Violation.None) return false;
        if (!domain.IsMonitored) return !domain.AccessWithoutListener(gfn, pages);
        if (isPageWalk && _settings.IgnoresPageWalks) return false; // Xen emulates the instruction that causes the walk.
        vcpu.BeginEvent(VmEventKind.MemAccess)
            .Set(VmEventField.MemAccessGfn, gfn)
            .Set(VmEventField.MemAccessOffset, address % GuestMemory.PageSize)
            .Set(VmEventField.MemAccessGla, linear)
            .Set(VmEventField.MemAccessFlags, (ulong)(access | MemAccessFlags.GlaValid
                | (isPageWalk ? MemAccessFlags.FaultInGpt : MemAccessFlags.FaultWithGla)));
        bool sync = violation == Violation.Held;
        vcpu.Send(sync);
        return sync;
    }

    private void RaiseSingleStep()
    {
        if (_settings.VmExit && RaiseVmExit(GuestCode.MonitorTrapExit, 0)) return;
        lock (domain.Gate)
        {
            if (!_settings.SingleStep || vcpu.TryEndFastStep()) return;
            vcpu.BeginEvent(VmEventKind.SingleStep).Set(VmEventField.SingleStepGfn, GuestCode.GfnOf(_registers.Rip));
            vcpu.Send(sync: true);
        }
    }

    /// <returns>True if the instruction has to wait: it leaves guest mode again once it is answered.</returns>
    private bool RaiseVmExit(uint reason, ulong qualification)
    {
        lock (domain.Gate)
        {
            if (!_settings.VmExit) return false;
            bool sync = _settings.VmExitSync;
            vcpu.BeginEvent(VmEventKind.VmExit).Set(VmEventField.VmExitReason, reason).Set(VmEventField.VmExitQualification, qualification);
            return vcpu.Send(sync) && sync && reason != GuestCode.InterruptExit;
        }
    }

    /// <summary>Does what an answer asked for, before the vCPU runs on.</summary>
    /// <returns>True if that may have raised another event.</returns>
    private bool ApplyAnswer()
    {
        PendingAnswer answer = vcpu.Answer;
        if (!answer.IsPending) return false;
        VmEventFlags emulation;
        byte[] instruction;
        TrapInjection? trap;
        lock (domain.Gate)
        {
            if (answer.ResetsState) _registers.Reset();
            if (answer.SetsRegisters) _registers.Take(answer.Registers);
            if (answer.ControlRegisterWrite is { } cr) _registers[cr.Register] = cr.Value;
            if (answer.MsrWrite is { } msr) _registers.Msrs[msr.Msr] = msr.Value;
            emulation = _registers.Rip == _start ? answer.Emulation : VmEventFlags.None;
            instruction = emulation == VmEventFlags.SetEmulInsnData ? answer.Instruction : [];
            _readData = emulation == VmEventFlags.SetEmulReadData ? answer.ReadData : null;
            trap = answer.Trap;
            answer.Clear();
        }

        // These may raise events, which wait if there is no room for them, and are answered.
        if (emulation != VmEventFlags.None) Emulate(emulation, instruction);
        _readData = null;
        return (trap is { } one && Deliver(one)) || emulation != VmEventFlags.None;
    }

    /// <summary>Executes the instruction as Xen's emulator does: without checking page access.</summary>
    private void Emulate(VmEventFlags how, byte[] instruction)
    {
        bool isGiven = how == VmEventFlags.SetEmulInsnData;
        if ((isGiven ? instruction[0] : domain.Memory.ByteAt(CodeAddress)) == GuestCode.Int3)
        {
            // The emulator gives the guest the exception itself, and nobody is told.
            vcpu.CountException(GuestCode.BreakpointVector);
            vcpu.Retire(1);
            return;
        }

        bool isOwn = !isGiven || instruction.AsSpan().StartsWith(GuestImage.X86Code(_action.Kind));
        switch (_action.Kind)
        {
            case GuestActionKind.WritePageWithVector: RefuseToEmulate(); break;
            case GuestActionKind.GuestRequest when isGiven:
                // The emulator knows this instruction, and that it is invalid.
                vcpu.CountException(GuestCode.InvalidOpcodeVector);
                vcpu.Retire(3);
                break;
            case GuestActionKind.SoftwareInterrupt: Perform(); break; // The emulator leaves the delivery to the processor.
            case GuestActionKind.InterruptOnStack when vcpu.IsDelivering:
                // What the emulator executes, the next instruction, knows nothing of the interrupt.
                vcpu.CountException(GuestCode.DoubleFaultVector);
                vcpu.IsDelivering = false;
                vcpu.Retire(1);
                break;
            case not GuestActionKind.Breakpoint when isOwn:
                _emulating = true;
                _discardsWrites = how == VmEventFlags.EmulateNoWrite;
                Perform();
                _emulating = _discardsWrites = false;
                break;
            default:
                uint length = EmulatedInstruction.Execute(instruction, _registers);
                if (length == 0) RefuseToEmulate();
                else vcpu.Retire(length);
                break;
        }
    }

    private void RefuseToEmulate()
    {
        lock (domain.Gate)
        {
            if (_settings.EmulUnimplemented)
            {
                vcpu.BeginEvent(VmEventKind.EmulUnimplemented);
                if (vcpu.Send(sync: true)) return;
            }
        }

        vcpu.CountException(GuestCode.InvalidOpcodeVector);
        vcpu.Retire(4);
    }

    /// <returns>True if that raised an event.</returns>
    private bool Deliver(TrapInjection trap)
    {
        // To whoever asked for the next interrupt, an exception counts as one.
        bool reported;
        lock (domain.Gate) reported = vcpu.ReportInterrupt(trap.Vector, trap.Type);
        vcpu.CountException(trap.Vector);

        // The guest's handler returns after an instruction that raised the exception itself, and to one that merely met
        // it.
        if (trap.Type >= GuestCode.SoftwareInterrupt) vcpu.Retire(trap.InstructionLength);
        return reported;
    }
}
