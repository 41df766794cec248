using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>What the guest shall do after an event.</summary>
public sealed class VmEventResponse
{
    private readonly VmEventKind[]? _kinds;

    private VmEventResponse(string name, VmEventFlags flags, params VmEventKind[]? kinds)
    {
        Name = name;
        Flags = flags;
        _kinds = kinds;
    }

    /// <summary>
    /// Go on as if nobody had watched: the page gets its rights back (or, kept watched, the instruction is emulated),
    /// the breakpoint or exception reaches the guest, the register write is done, CPUID is stepped over.
    /// </summary>
    public static VmEventResponse Continue { get; } = new(nameof(Continue), VmEventFlags.None, kinds: null);

    /// <summary>Let Xen emulate the instruction; the page stays watched.</summary>
    public static VmEventResponse Emulate { get; } =
        new(nameof(Emulate), VmEventFlags.Emulate, VmEventKind.MemAccess, VmEventKind.DescriptorAccess);

    /// <summary>Let Xen emulate the instruction and discard what it writes; the page stays watched.</summary>
    public static VmEventResponse EmulateNoWrite { get; } =
        new(nameof(EmulateNoWrite), VmEventFlags.Emulate | VmEventFlags.EmulateNoWrite, VmEventKind.MemAccess);

    /// <summary>Do not do the register write. Xen cannot deny writes of XCR0.</summary>
    public static VmEventResponse Deny { get; } =
        new(nameof(Deny), VmEventFlags.Deny, VmEventKind.WriteControlRegister, VmEventKind.MovToMsr);

    /// <summary>Its name, as the cmdlets' parameters have it.</summary>
    public string Name { get; }

    internal VmEventFlags Flags { get; }

    /// <summary>Whether Xen would do anything with it for this kind of event.</summary>
    public bool AppliesTo(VmEventKind kind) => _kinds is null || _kinds.Contains(kind);

    /// <summary>Refuses an answer that makes no sense.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.ResponseNotApplicable"/>.</exception>
    public void EnsureAppliesTo(VmEventKind kind)
    {
        if (AppliesTo(kind)) return;
        throw new XenException(
            XenErrorId.ResponseNotApplicable,
            $"The response {Name} makes no sense for a {kind} event.",
            $"{Name} is for {string.Join(" and ", _kinds!)} events; Continue is for all.");
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
