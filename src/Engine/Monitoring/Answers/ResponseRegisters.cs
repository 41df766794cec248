using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The registers of a response: those that its sender named, and the instruction pointer if the vCPU has to go on
/// elsewhere than it stopped. Xen takes all registers or none, so the others repeat the request's.
/// </summary>
internal static class ResponseRegisters
{
    private const ulong ArmInstructionLength = 4;
    private const ulong VmCallLength = 3;

    /// <summary>Keeps an instruction's own breakpoint from stopping it a second time (Intel SDM 17.3.1.1).</summary>
    private const ulong ResumeFlag = 1 << 16;

    /// <summary>Intel's interruption types from here on are raised by an instruction, at RIP.</summary>
    private const uint SoftwareInterrupt = 4;

    /// <param name="request">The request.</param>
    /// <param name="response">The decision.</param>
    /// <param name="writer">The bytes of the response.</param>
    /// <param name="computed">Registers of the response whose values are computed only here; null for none.</param>
    public static void Write(RequestReader request, VmEventResponse response, ResponseWriter writer, IReadOnlyList<ComputedRegister>? computed)
    {
        bool named = response.RegisterValues.Length > 0;
        switch (request.Kind)
        {
            case VmEventKind.Cpuid:
                // The registers already hold CPUID's results; without stepping over it, the vCPU executes it again.
                Advance(request, writer, VmEventField.Rip, request.UInt32(VmEventField.CpuidInstructionLength));
                break;
            case VmEventKind.PrivilegedCall:
                Advance(request, writer, VmEventField.ArmPc, ArmInstructionLength);
                break;
            case VmEventKind.SoftwareBreakpoint when response.Action == VmEventAction.Skip:
                Advance(request, writer, VmEventField.Rip, request.UInt32(VmEventField.BreakpointInstructionLength));
                break;
            case VmEventKind.DebugException when response.Action == VmEventAction.Skip:
                SkipDebugException(request, writer);
                break;
            case VmEventKind.GuestRequest when named:
                // Xen finished the hypercall after it took these registers; RIP and RAX would go back to before it.
                Advance(request, writer, VmEventField.Rip, VmCallLength);
                writer.Set(VmEventField.Rax, 0);
                break;
            default:
                if (named) writer.CopyRegisters(request);
                break;
        }

        if (!named) return;
        foreach ((SettableRegister register, ulong value) in response.RegisterValues) writer.Set(FieldOf(register), value);
        for (int i = 0; i < computed?.Count; i++) writer.Set(FieldOf(computed[i].Register), computed[i].Value.Evaluate(request));
    }

    /// <summary>The field of a request and response that holds a register.</summary>
    public static VmEventField FieldOf(SettableRegister register) => register switch
    {
        SettableRegister.Rflags => VmEventField.Rflags,
        SettableRegister.Rip => VmEventField.Rip,
        SettableRegister.Pc => VmEventField.ArmPc,
        _ => VmEventField.Rax + (int)register,
    };

    private static void Advance(RequestReader request, ResponseWriter writer, VmEventField instructionPointer, ulong bytes)
    {
        writer.CopyRegisters(request);
        writer.Set(instructionPointer, request.UInt64(instructionPointer) + bytes);
        writer.AddFlags(VmEventFlags.SetRegisters);
    }

    private static void SkipDebugException(RequestReader request, ResponseWriter writer)
    {
        if (request.UInt32(VmEventField.DebugType) >= SoftwareInterrupt)
        {
            Advance(request, writer, VmEventField.Rip, request.UInt32(VmEventField.DebugInstructionLength));
            return;
        }

        writer.CopyRegisters(request);
        if (!IsBeforeItsInstruction(request)) return;
        writer.Set(VmEventField.Rflags, request.UInt64(VmEventField.Rflags) | ResumeFlag);
        writer.AddFlags(VmEventFlags.SetRegisters);
    }

    /// <summary>
    /// Whether a breakpoint on execution was hit, according to DR7. It comes before its instruction; all other debug
    /// exceptions come after theirs. If the interface version does not say which breakpoint it was, any that is set
    /// counts.
    /// </summary>
    private static bool IsBeforeItsInstruction(RequestReader request)
    {
        ulong dr7 = request.UInt64(VmEventField.Dr7);
        ulong met = request.Layout.Has(VmEventField.DebugPendingDebug) ? request.UInt64(VmEventField.DebugPendingDebug) : ulong.MaxValue;
        for (int n = 0; n < 4; n++)
        {
            bool isEnabled = (dr7 >> (2 * n) & 3) != 0;
            bool isOnExecution = (dr7 >> (16 + 4 * n) & 3) == 0;
            if (isEnabled && isOnExecution && (met >> n & 1) != 0) return true;
        }

        return false;
    }
}
