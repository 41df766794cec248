using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>Which responses make sense: what Xen does with their flags (common/vm_event.c, arch/x86/vm_event.c).</summary>
internal static class ResponseRules
{
    /// <summary>What speaks against a response to a kind of event, or against the response as such; null when nothing does.</summary>
    public static XenException? FindObjection(VmEventResponse response, VmEventKind kind) =>
        FindContradiction(response) ?? FindMisfit(response, kind);

    private static XenException? FindContradiction(VmEventResponse response)
    {
        bool readData = !response.EmulatedReadData.IsEmpty;
        bool instruction = !response.InstructionData.IsEmpty;
        if (!Enum.IsDefined(response.Action)) return Refuse($"There is no action {response.Action}", "Use one of VmEventAction's values");
        if ((readData || instruction) && response.Action != VmEventAction.Emulate)
        {
            return Refuse($"{(readData ? "EmulatedReadData" : "InstructionData")} is for the emulated instruction, and {response.Action} emulates none so", "Emulate");
        }

        if (readData && instruction) return Exclude("EmulatedReadData", "InstructionData", "Xen uses the first alone");
        if ((readData || instruction) && response.Registers.Count > 0)
        {
            return Exclude("Registers", readData ? "EmulatedReadData" : "InstructionData", "they share one place in a response");
        }

        if (response.ToggleSingleStep && response.FastSingleStepView is not null)
        {
            return Exclude("ToggleSingleStep", "FastSingleStepView", "Xen does the first alone");
        }

        return null;
    }

    private static XenException? FindMisfit(VmEventResponse response, VmEventKind kind)
    {
        VmEventKind[]? kinds = KindsFor(response);
        return kinds is null || kinds.Contains(kind) ? null : Refuse(
            $"The response {response.Name} makes no sense for a {kind} event",
            $"It is for {string.Join(" and ", kinds)} events; Continue is for all");
    }

    /// <summary>The kinds of event that a response's action is for; null for all.</summary>
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

    private static XenException Refuse(string what, string remedy) =>
        new(XenErrorId.ResponseNotApplicable, $"{what}.", $"{remedy}.");
}
