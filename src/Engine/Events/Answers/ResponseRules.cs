using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// Says which responses make sense, from what Xen does with their flags and fields (common/vm_event.c,
/// arch/x86/vm_event.c, arch/x86/hvm/vm_event.c, arch/x86/hvm/hvm.c). Xen itself refuses none: it does something else,
/// or nothing.
/// </summary>
internal static class ResponseRules
{
    /// <summary>The flags that have an effect on arm64.</summary>
    private const VmEventFlags ArmFlags = VmEventFlags.SetRegisters;

    /// <summary>The value that Xen reports if a vCPU is not traced.</summary>
    private const ulong NotTraced = ulong.MaxValue;

    /// <summary>
    /// What speaks against a response to a kind of event, or against the response itself; null if nothing does.
    /// </summary>
    public static XenException? FindObjection(VmEventResponse response, VmEventKind kind) =>
        FindContradiction(response) ?? FindMisfit(response, kind);

    /// <summary>What speaks against it as the answer to this event on this host.</summary>
    public static XenException? FindObjection(VmEventResponse response, RequestReader request, GuestArchitecture architecture) =>
        FindObjection(response, request.Kind) ?? FindObjection(response, request.Layout, architecture) ?? FindObjection(response, request);

    /// <summary>What speaks against it on a host.</summary>
    public static XenException? FindObjection(VmEventResponse response, VmEventLayout layout, GuestArchitecture architecture)
    {
        VmEventFlags lacking = response.Flags & ~layout.KnownFlags;
        if (lacking != 0)
        {
            return Lack($"the vm_event interface version {layout.Version} has no {lacking}", "FastSingleStepView needs Xen 4.14 or later, ResetVmTrace 4.15, ResetForkState and ResetForkMemory 4.17");
        }

        if (response.EmulatedReadData.Length > layout.ReadDataCapacity)
        {
            return Lack($"a response has room for {layout.ReadDataCapacity} bytes of EmulatedReadData, not {response.EmulatedReadData.Length}", "Give fewer bytes");
        }

        VmEventFlags ignored = architecture == GuestArchitecture.Arm64 ? response.Flags & ~ArmFlags : 0;
        if (ignored != 0) return Lack($"Xen on arm64 does nothing for {ignored}", "Continue, with or without a register");
        foreach ((SettableRegister register, _) in response.RegisterValues)
        {
            if ((register == SettableRegister.Pc) == (architecture == GuestArchitecture.Arm64)) continue;
            return Refuse(
                $"{register} is no register that Xen sets on {architecture}",
                architecture == GuestArchitecture.Arm64 ? "Set Pc" : "Set Rax to R15, Rflags and Rip");
        }

        return null;
    }

    private static XenException? FindObjection(VmEventResponse response, RequestReader request)
    {
        if ((response.Flags & (VmEventFlags.AlternateP2m | VmEventFlags.FastSingleStep)) != 0 && (request.Flags & VmEventFlags.AlternateP2m) == 0)
        {
            return Refuse($"The response {response.Name} needs altp2m, which is not on for this domain", "Create a view first", RemedyTask.CreateView);
        }

        if (request.Kind == VmEventKind.MemAccess && response.FastSingleStepView is not null && response.View == request.UInt32(VmEventField.Altp2mIndex))
        {
            return Refuse($"View {response.View} is where the instruction was stopped, and would be again", "Give a View in which it is allowed");
        }

        if (response.ResetVmTrace && request.UInt64(VmEventField.VmtracePosition) == NotTraced)
        {
            return Refuse("The processor's trace of this vCPU is not on, so there is nothing to reset", "Give the guest a trace buffer (vmtrace_buf_kb in its configuration) and switch tracing on");
        }

        if (!response.EmulatedReadData.IsEmpty && request.Kind == VmEventKind.MemAccess
            && (request.UInt32(VmEventField.MemAccessFlags) & (uint)MemAccessFlags.Read) == 0)
        {
            return Refuse("EmulatedReadData makes no sense for an access that does not read", "Emulate without it");
        }

        bool isXcr0 = request.Kind == VmEventKind.WriteControlRegister && request.UInt32(VmEventField.ControlRegisterIndex) == (uint)ControlRegister.Xcr0;
        return isXcr0 && response.Action == VmEventAction.Deny ? Refuse("Xen cannot deny writes of XCR0", "Continue") : null;
    }

    /// <summary>What in a response contradicts the rest of it; null if nothing does.</summary>
    public static XenException? FindContradiction(VmEventResponse response)
    {
        bool hasReadData = !response.EmulatedReadData.IsEmpty;
        bool hasInstruction = !response.InstructionData.IsEmpty;
        if (!Enum.IsDefined(response.Action)) return Refuse($"There is no action {response.Action}", $"Use one of {string.Join(", ", Enum.GetNames<VmEventAction>())}");
        foreach ((SettableRegister register, _) in response.RegisterValues)
        {
            if (!Enum.IsDefined(register)) return Refuse($"There is no register {register}", "Set registers that Xen sets");
        }

        if (response.InstructionData.Length > VmEventResponse.InstructionDataSize)
        {
            return Refuse($"An instruction of {response.InstructionData.Length} bytes is too long", $"Give {VmEventResponse.InstructionDataSize} bytes at most");
        }

        if ((hasReadData || hasInstruction) && response.Action != VmEventAction.Emulate)
        {
            return Refuse($"{(hasReadData ? "EmulatedReadData is" : "InstructionData is")} for Emulate alone, not for {response.Action}", "Emulate");
        }

        if (hasReadData && hasInstruction) return Exclude("EmulatedReadData", "InstructionData", "Xen uses the first alone");
        if ((hasReadData || hasInstruction) && response.Registers.Count > 0)
        {
            return Exclude("Registers", hasReadData ? "EmulatedReadData" : "InstructionData", "they share one place in a response");
        }

        if (response.ResetForkState && (response.Action != VmEventAction.Continue || response.Registers.Count > 0))
        {
            return Exclude(
                "ResetForkState", response.Registers.Count > 0 ? "Registers" : response.Action.ToString(), "the vCPU is elsewhere then, and has other registers");
        }

        return response.ToggleSingleStep && response.FastSingleStepView is not null
            ? Exclude("ToggleSingleStep", "FastSingleStepView", "Xen does the first alone")
            : null;
    }

    private static XenException? FindMisfit(VmEventResponse response, VmEventKind kind)
    {
        if (KindsFor(response) is { } kinds && !kinds.Contains(kind))
        {
            return Refuse(
                $"The response {response.Name} makes no sense for a {kind} event",
                $"{(response.InstructionData.IsEmpty ? response.Action : "InstructionData")} is for {string.Join(" and ", kinds)} events; Continue is for all");
        }

        // Xen does the write after it has reported the event. It takes a response's registers, RIP included, for those
        // before the write.
        if (kind is VmEventKind.WriteControlRegister or VmEventKind.MovToMsr
            && response.Registers.Count > 0 && !response.Registers.ContainsKey(SettableRegister.Rip))
        {
            return Refuse(
                $"Registers for a {kind} event have to name Rip, or the vCPU would execute the write again and again",
                "Set Rip to the address of the next instruction: WRMSR and a MOV from RAX to a control register are 2 and 3 bytes long");
        }

        if (response.FastSingleStepView is null) return null;
        if ((kind == VmEventKind.MemAccess && response.Action != VmEventAction.Continue)
            || (kind == VmEventKind.WriteControlRegister && response.Action == VmEventAction.Deny))
        {
            return Exclude("FastSingleStepView", response.Action.ToString(), $"for a {kind} event they share one place in a response");
        }

        return kind == VmEventKind.MemAccess && response.View is null
            ? Refuse("FastSingleStepView for a MemAccess event needs a View in which the instruction is allowed", "Give a View too")
            : null;
    }

    /// <summary>The kinds of event that a response's action is for; null: all kinds.</summary>
    private static VmEventKind[]? KindsFor(VmEventResponse response) => response.Action switch
    {
        VmEventAction.Reinject or VmEventAction.Skip => [VmEventKind.SoftwareBreakpoint, VmEventKind.DebugException],
        VmEventAction.Emulate when !response.InstructionData.IsEmpty => [VmEventKind.SoftwareBreakpoint],
        VmEventAction.Emulate => [VmEventKind.MemAccess, VmEventKind.DescriptorAccess],
        VmEventAction.EmulateNoWrite => [VmEventKind.MemAccess],
        VmEventAction.Deny => [VmEventKind.WriteControlRegister, VmEventKind.MovToMsr],
        _ => null,
    };

    private static XenException Exclude(string one, string other, string why) =>
        Refuse($"{one} and {other} exclude each other: {why}", "Choose one of them");

    private static XenException Refuse(string what, string remedy, RemedyTask task = RemedyTask.None) =>
        new(XenErrorId.ResponseNotApplicable, $"{what}.", $"{remedy}.", task: task);

    private static XenException Lack(string what, string remedy) =>
        new(XenErrorId.NotSupported, $"This host cannot do that: {what}.", $"{remedy}.");
}
