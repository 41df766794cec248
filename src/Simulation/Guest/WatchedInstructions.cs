using XenVmEvent.Abi;

namespace XenVmEvent.Simulation;

/// <summary>
/// Executes the instructions that a listener can watch individually, under the domain's gate. RIP moves on when one is
/// complete.
/// </summary>
internal sealed class WatchedInstructions(SimulatedDomain domain, SimulatedVCpu vcpu)
{
    private readonly MonitorSettings _settings = domain.Settings;
    private readonly GuestRegisters _registers = vcpu.Registers;

    /// <summary>
    /// Executes the instruction, or raises its event and leaves it for later, as Xen does for its kind.
    /// </summary>
    /// <param name="action">The instruction, at which RIP is.</param>
    /// <param name="emulated">Xen's emulator executes it, because an answer asked for that.</param>
    public void Execute(GuestAction action, bool emulated)
    {
        lock (domain.Gate)
        {
            switch (action.Kind)
            {
                case GuestActionKind.Cpuid: Cpuid(isFromProgram: action.Value > uint.MaxValue, emulated); break;
                case GuestActionKind.WriteCR0 or GuestActionKind.WriteCR3 or GuestActionKind.WriteCR4 or GuestActionKind.WriteXcr0:
                    WriteControlRegister((ControlRegister)action.Target, action.Value);
                    break;
                case GuestActionKind.WriteMsr: WriteMsr((uint)action.Target, action.Value); break;
                case GuestActionKind.Breakpoint: Int3(); break;
                case GuestActionKind.DebugException: DebugException(); break;
                case GuestActionKind.DescriptorAccess: DescriptorAccess(action, emulated); break;
                case GuestActionKind.GuestRequest: GuestRequest(isFromUserspace: action.Value == 1); break;
                case GuestActionKind.PortIo: PortIo(action, emulated); break;
                case GuestActionKind.Interrupt: Interrupt(); break;
                case GuestActionKind.PrivilegedCall: PrivilegedCall(); break;
                case GuestActionKind.Raise: Raise((VmEventKind)action.Target); break;
                default: vcpu.Retire(1); break;
            }
        }
    }

    /// <summary>Executes the INT3 that somebody has put at a guest physical address, unless it is gone by now.</summary>
    public void ExecuteInt3(ulong address)
    {
        lock (domain.Gate)
        {
            if (domain.Memory.ByteAt(address) == GuestCode.Int3) Int3();
        }
    }

    private void Cpuid(bool isFromProgram, bool emulated)
    {
        uint leaf = (uint)_registers[VmEventField.Rax];
        uint subleaf = (uint)_registers[VmEventField.Rcx];

        // The registers already hold the result when the event is raised: executed again, it would be for another leaf.
        GuestCode.Cpuid(leaf, subleaf, _registers);
        if (domain.Abilities.TellsCpuidResults) (leaf, subleaf) = ((uint)_registers[VmEventField.Rax], (uint)_registers[VmEventField.Rcx]);
        if (_settings.Cpuid && !emulated)
        {
            EventRequest request = vcpu.BeginEvent(VmEventKind.Cpuid)
                .Set(VmEventField.CpuidInstructionLength, 2)
                .Set(VmEventField.CpuidLeaf, leaf)
                .Set(VmEventField.CpuidSubleaf, subleaf);
            if (isFromProgram) GuestRegisters.WriteUserSegments(request);
            if (vcpu.Send(sync: true)) return;
        }

        vcpu.Retire(2);
    }

    private void WriteControlRegister(ControlRegister register, ulong value)
    {
        ulong old = _registers[register];
        bool deferred = false;
        if (_settings.Reports(register, value, old))
        {
            vcpu.BeginEvent(VmEventKind.WriteControlRegister)
                .Set(VmEventField.ControlRegisterIndex, (ulong)register)
                .Set(VmEventField.ControlRegisterNewValue, value)
                .Set(VmEventField.ControlRegisterOldValue, old);

            // Xen cannot defer a write of XCR0.
            deferred = vcpu.Send(_settings[register]!.Value.Sync) && domain.DefersRegisterWrites && register != ControlRegister.Xcr0;
        }

        if (deferred) vcpu.Answer.Defer(register, value);
        else _registers[register] = value;
        vcpu.Retire(3);
    }

    private void WriteMsr(uint msr, ulong value)
    {
        ulong old = _registers.Msrs.GetValueOrDefault(msr);
        bool deferred = false;
        if (_settings.Reports(msr, value, old))
        {
            vcpu.BeginEvent(VmEventKind.MovToMsr)
                .Set(VmEventField.Msr, msr)
                .Set(VmEventField.MsrNewValue, value)
                .Set(VmEventField.MsrOldValue, old);
            deferred = vcpu.Send(sync: true) && domain.DefersRegisterWrites;
        }

        if (deferred) vcpu.Answer.Defer(msr, value);
        else _registers.Msrs[msr] = value;
        vcpu.Retire(2);
    }

    private void Int3()
    {
        if (_settings.SoftwareBreakpoint)
        {
            vcpu.BeginEvent(VmEventKind.SoftwareBreakpoint)
                .Set(VmEventField.BreakpointGfn, GuestCode.GfnOf(_registers.Rip))
                .Set(VmEventField.BreakpointInstructionLength, 1)
                .Set(VmEventField.BreakpointType, GuestCode.SoftwareException);
            if (vcpu.Send(sync: true)) return;
        }

        vcpu.CountException(GuestCode.BreakpointVector);
        vcpu.Retire(1);
    }

    private void DebugException()
    {
        // A trap: the instruction completes before the exception is raised.
        vcpu.Retire(1);
        if (_settings.DebugException)
        {
            bool sync = _settings.DebugExceptionSync;
            vcpu.BeginEvent(VmEventKind.DebugException)
                .Set(VmEventField.DebugGfn, GuestCode.GfnOf(_registers.Rip))
                .Set(VmEventField.DebugPendingDebug, 1)
                .Set(VmEventField.DebugType, GuestCode.HardwareException);
            if (vcpu.Send(sync) && sync) return;
        }

        vcpu.CountException(GuestCode.DebugVector);
    }

    private void DescriptorAccess(GuestAction action, bool emulated)
    {
        if (_settings.DescriptorAccess && !emulated)
        {
            vcpu.BeginEvent(VmEventKind.DescriptorAccess)
                .Set(VmEventField.DescriptorInstructionInfo, 0x0001_0000)
                .Set(VmEventField.Descriptor, action.Target)
                .Set(VmEventField.DescriptorIsWrite, action.Value);
            if (vcpu.Send(sync: true)) return;
        }

        vcpu.Retire(4);
    }

    private void GuestRequest(bool isFromUserspace)
    {
        if (_settings.GuestRequest && (!isFromUserspace || _settings.GuestRequestFromUserspace))
        {
            EventRequest request = vcpu.BeginEvent(VmEventKind.GuestRequest);
            if (isFromUserspace) GuestRegisters.WriteUserSegments(request);
            vcpu.Send(_settings.GuestRequestSync);
        }

        vcpu.Retire(3);
    }

    private void PortIo(GuestAction action, bool emulated)
    {
        if (_settings.Io && !emulated)
        {
            vcpu.BeginEvent(VmEventKind.Io)
                .Set(VmEventField.IoBytes, action.Value >> 8)
                .Set(VmEventField.IoPort, action.Target)
                .Set(VmEventField.IoIn, 1 - (action.Value & 1))
                .Set(VmEventField.IoString, action.Value >> 1 & 1);
            if (vcpu.Send(sync: true)) return;
        }

        vcpu.CountPortIo();
        vcpu.Retire(1);
    }

    private void Interrupt()
    {
        // Xen delivers no interrupts to a vCPU that steps.
        if (!vcpu.IsSingleStepping) vcpu.ReportInterrupt(GuestCode.TimerVector, GuestCode.ExternalInterrupt);
        vcpu.Retire(1);
    }

    private void PrivilegedCall()
    {
        if (_settings.PrivilegedCall)
        {
            vcpu.BeginEvent(VmEventKind.PrivilegedCall);
            if (vcpu.Send(sync: true)) return;
        }

        vcpu.Retire(4);
    }

    private void Raise(VmEventKind kind)
    {
        vcpu.BeginEvent(kind);
        vcpu.Send(sync: true);
        vcpu.Retire(1);
    }
}
