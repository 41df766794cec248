using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor.Simulation;

/// <summary>
/// Executes a vCPU's instructions, with the events that Xen raises on their way. An instruction is over when RIP has
/// left it: until then it is executed again each time the vCPU runs on.
/// </summary>
internal sealed class Processor(SimulatedDomain domain, SimulatedVCpu vcpu)
{
    private readonly MonitorSettings _settings = domain.Settings;
    private readonly GuestRegisters _registers = vcpu.Registers;
    private GuestAction _action;
    private ulong _start;
    private bool _emulating;
    private bool _discardsWrites;
    private ulong? _readData;

    /// <summary>Executes one instruction to its end, however often it is held up.</summary>
    /// <returns>False when the vCPU ended first.</returns>
    public bool Execute(GuestAction action)
    {
        _action = action;
        _start = _registers.Rip = GuestCode.AddressOf(action);
        if (action.Kind == GuestActionKind.Cpuid)
        {
            _registers[VmEventField.Rax] = action.Target;
            _registers[VmEventField.Rcx] = action.Value;
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

    private void Step()
    {
        if (!Access(GuestCode.GuestPhysical(_registers.Rip), _registers.Rip, MemAccessFlags.Execute)) return;
        if (_settings.VmExit && GuestCode.ExitReason(_action) is { } reason && RaiseVmExit(reason)) return;
        Perform();
    }

    private void Perform()
    {
        switch (_action.Kind)
        {
            case GuestActionKind.WritePage or GuestActionKind.WritePageWithVector or GuestActionKind.WalkPageTable:
                if (!AccessData(MemAccessFlags.Write)) return;
                if (!_discardsWrites && _action.Kind != GuestActionKind.WalkPageTable) domain.Memory.Write(_action.Target, _action.Value);
                Retire(4);
                break;
            case GuestActionKind.ReadPage:
                if (!AccessData(MemAccessFlags.Read)) return;
                _registers[VmEventField.Rax] = _readData ?? domain.Memory.Read(_action.Target);
                Retire(4);
                break;
            case GuestActionKind.Cpuid: ExecuteCpuid(); break;
            case GuestActionKind.WriteCR0 or GuestActionKind.WriteCR3 or GuestActionKind.WriteCR4 or GuestActionKind.WriteXcr0:
                WriteControlRegister((ControlRegister)_action.Target, _action.Value);
                break;
            case GuestActionKind.WriteMsr: WriteMsr((uint)_action.Target, _action.Value); break;
            case GuestActionKind.Breakpoint: ExecuteInt3(); break;
            case GuestActionKind.DebugException: RaiseDebugException(); break;
            case GuestActionKind.DescriptorAccess: AccessDescriptor(); break;
            case GuestActionKind.GuestRequest: RequestAttention(); break;
            case GuestActionKind.PortIo: AccessPort(); break;
            case GuestActionKind.Interrupt: TakeInterrupt(); break;
            default: Retire(1); break;
        }
    }

    private void ExecuteCpuid()
    {
        uint leaf = (uint)_registers[VmEventField.Rax];
        uint subleaf = (uint)_registers[VmEventField.Rcx];
        GuestCode.Cpuid(leaf, subleaf, _registers);
        if (_settings.Cpuid)
        {
            lock (domain.Gate)
            {
                if (_settings.Cpuid)
                {
                    Begin(VmEventKind.Cpuid)
                        .Set(VmEventField.CpuidInstructionLength, 2)
                        .Set(VmEventField.CpuidLeaf, leaf)
                        .Set(VmEventField.CpuidSubleaf, subleaf);
                    if (vcpu.Send(sync: true)) return;
                }
            }
        }

        Retire(2);
    }

    private void WriteControlRegister(ControlRegister register, ulong value)
    {
        lock (domain.Gate)
        {
            ulong old = _registers[register];
            if (_settings.Reports(register, value, old))
            {
                Begin(VmEventKind.WriteControlRegister)
                    .Set(VmEventField.ControlRegisterIndex, (ulong)register)
                    .Set(VmEventField.ControlRegisterNewValue, value)
                    .Set(VmEventField.ControlRegisterOldValue, old);

                // Xen cannot hold back a write of XCR0.
                if (vcpu.Send(_settings[register]!.Value.Sync) && domain.DefersRegisterWrites && register != ControlRegister.Xcr0)
                {
                    vcpu.Answer.HoldBack(register, value);
                    Retire(3);
                    return;
                }
            }

            _registers[register] = value;
            Retire(3);
        }
    }

    private void WriteMsr(uint msr, ulong value)
    {
        lock (domain.Gate)
        {
            ulong old = _registers.Msrs.GetValueOrDefault(msr);
            if (_settings.Reports(msr, value, old))
            {
                Begin(VmEventKind.MovToMsr)
                    .Set(VmEventField.Msr, msr)
                    .Set(VmEventField.MsrNewValue, value)
                    .Set(VmEventField.MsrOldValue, old);
                if (vcpu.Send(sync: true) && domain.DefersRegisterWrites)
                {
                    vcpu.Answer.HoldBack(msr, value);
                    Retire(2);
                    return;
                }
            }

            _registers.Msrs[msr] = value;
            Retire(2);
        }
    }

    private void ExecuteInt3()
    {
        if (_settings.SoftwareBreakpoint)
        {
            lock (domain.Gate)
            {
                if (_settings.SoftwareBreakpoint)
                {
                    Begin(VmEventKind.SoftwareBreakpoint)
                        .Set(VmEventField.BreakpointGfn, CodeGfn)
                        .Set(VmEventField.BreakpointInstructionLength, 1)
                        .Set(VmEventField.BreakpointType, GuestCode.SoftwareException);
                    if (vcpu.Send(sync: true)) return;
                }
            }
        }

        vcpu.CountException(GuestCode.BreakpointVector);
        Retire(1);
    }

    private void RaiseDebugException()
    {
        // A trap: the instruction is done before the exception is raised.
        Retire(1);
        lock (domain.Gate)
        {
            if (_settings.DebugException)
            {
                Begin(VmEventKind.DebugException)
                    .Set(VmEventField.DebugGfn, CodeGfn)
                    .Set(VmEventField.DebugPendingDebug, 1)
                    .Set(VmEventField.DebugInstructionLength, 0)
                    .Set(VmEventField.DebugType, GuestCode.HardwareException);
                if (vcpu.Send(_settings.DebugExceptionSync) && _settings.DebugExceptionSync) return;
            }
        }

        vcpu.CountException(GuestCode.DebugVector);
    }

    private void AccessDescriptor()
    {
        if (_settings.DescriptorAccess && !_emulating)
        {
            lock (domain.Gate)
            {
                if (_settings.DescriptorAccess)
                {
                    Begin(VmEventKind.DescriptorAccess)
                        .Set(VmEventField.DescriptorInstructionInfo, 0x0001_0000)
                        .Set(VmEventField.Descriptor, _action.Target)
                        .Set(VmEventField.DescriptorIsWrite, _action.Value);
                    if (vcpu.Send(sync: true)) return;
                }
            }
        }

        Retire(4);
    }

    private void RequestAttention()
    {
        if (_settings.GuestRequest)
        {
            lock (domain.Gate)
            {
                if (_settings.GuestRequest)
                {
                    Begin(VmEventKind.GuestRequest);
                    vcpu.Send(_settings.GuestRequestSync);
                }
            }
        }

        Retire(3);
    }

    private void AccessPort()
    {
        if (_settings.Io)
        {
            lock (domain.Gate)
            {
                if (_settings.Io)
                {
                    Begin(VmEventKind.Io)
                        .Set(VmEventField.IoBytes, 1)
                        .Set(VmEventField.IoPort, _action.Target)
                        .Set(VmEventField.IoIn, 1 - _action.Value);
                    if (vcpu.Send(sync: true)) return;
                }
            }
        }

        Retire(1);
    }

    private void TakeInterrupt()
    {
        lock (domain.Gate)
        {
            if (vcpu.TakeNextInterruptRequest())
            {
                Begin(VmEventKind.Interrupt).Set(VmEventField.InterruptVector, GuestCode.TimerVector);
                vcpu.Send(sync: true);
            }
        }

        Retire(1);
    }

    private void RaiseSingleStep()
    {
        lock (domain.Gate)
        {
            if (!_settings.SingleStep) return;
            Begin(VmEventKind.SingleStep).Set(VmEventField.SingleStepGfn, CodeGfn);
            vcpu.Send(sync: true);
        }
    }

    private bool RaiseVmExit(uint reason)
    {
        lock (domain.Gate)
        {
            if (!_settings.VmExit) return false;
            Begin(VmEventKind.VmExit).Set(VmEventField.VmExitReason, reason);
            return vcpu.Send(_settings.VmExitSync) && _settings.VmExitSync;
        }
    }

    private bool AccessData(MemAccessFlags access) =>
        Access(_action.Target, GuestCode.DirectMap + _action.Target, access, _action.Kind == GuestActionKind.WalkPageTable);

    /// <summary>Whether an access to memory may be done now; raises its event when not.</summary>
    private bool Access(ulong address, ulong linear, MemAccessFlags access, bool isPageWalk = false)
    {
        ulong gfn = address / GuestMemory.PageSize;
        if (_emulating || !domain.Pages.Forbids(gfn, access, isPageWalk)) return true;
        lock (domain.Gate)
        {
            if (!domain.Pages.Forbids(gfn, access, isPageWalk)) return true;
            Violation violation = domain.Pages.Touch(gfn, access);
            if (violation == Violation.None) return true;
            if (domain.Delivery is null) return domain.AccessWithoutListener(gfn);
            Begin(VmEventKind.MemAccess)
                .Set(VmEventField.MemAccessGfn, gfn)
                .Set(VmEventField.MemAccessOffset, address % GuestMemory.PageSize)
                .Set(VmEventField.MemAccessGla, linear)
                .Set(VmEventField.MemAccessFlags, (ulong)(access | MemAccessFlags.GlaValid
                    | (isPageWalk ? MemAccessFlags.FaultInGpt : MemAccessFlags.FaultWithGla)));
            bool sync = violation == Violation.Held;
            vcpu.Send(sync);
            return !sync;
        }
    }

    /// <summary>Does what an answer asked for, before the vCPU runs on.</summary>
    /// <returns>True when the instruction was emulated, which may have raised another event.</returns>
    private bool ApplyAnswer()
    {
        PendingAnswer answer = vcpu.Answer;
        if (!answer.IsPending) return false;
        lock (domain.Gate)
        {
            if (answer.SetsRegisters) _registers.Take(answer.Registers);
            if (answer.ControlRegisterWrite is { } cr) _registers[cr.Register] = cr.Value;
            if (answer.MsrWrite is { } msr) _registers.Msrs[msr.Msr] = msr.Value;
            if (answer.Trap is { } trap) Deliver(trap);
            VmEventFlags emulation = _registers.Rip == _start ? answer.Emulation : VmEventFlags.None;
            ulong readData = answer.ReadData;
            answer.Clear();
            if (emulation == VmEventFlags.None) return false;
            Emulate(emulation, readData);
            return true;
        }
    }

    /// <summary>Executes the instruction as Xen's emulator does: without a look at page access.</summary>
    private void Emulate(VmEventFlags how, ulong readData)
    {
        if (_action.Kind == GuestActionKind.WritePageWithVector)
        {
            if (_settings.EmulUnimplemented)
            {
                Begin(VmEventKind.EmulUnimplemented);
                if (vcpu.Send(sync: true)) return;
            }

            vcpu.CountException(GuestCode.InvalidOpcodeVector);
            Retire(4);
            return;
        }

        if (_action.Kind == GuestActionKind.Breakpoint)
        {
            // What is emulated is the instruction that the answer brought, in the place of INT3.
            Retire(1);
            return;
        }

        _emulating = true;
        _discardsWrites = (how & VmEventFlags.EmulateNoWrite) != 0;
        _readData = (how & VmEventFlags.SetEmulReadData) != 0 ? readData : null;
        Perform();
        _emulating = _discardsWrites = false;
        _readData = null;
    }

    private void Deliver(TrapInjection trap)
    {
        vcpu.CountException(trap.Vector);

        // The guest's handler returns behind an instruction that raised the exception itself, to one that merely met it.
        if (trap.Type >= GuestCode.SoftwareInterrupt) _registers.Rip += trap.InstructionLength;
    }

    private ulong CodeGfn => GuestCode.GuestPhysical(_registers.Rip) / GuestMemory.PageSize;

    private EventRequest Begin(VmEventKind kind) => vcpu.Request.Begin(kind, _registers);

    private void Retire(uint length)
    {
        _registers.Rip = _start + length;
        vcpu.CountInstruction();
    }
}
