using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>
/// What a subscription wants to see, and how. It copies what it is given, because the pump reads it at any time.
/// </summary>
public sealed record EventWatch
{
    /// <summary>The kinds of event; <see cref="VmEventKind.MemAccess"/> only with <see cref="Pages"/>.</summary>
    public required IReadOnlyCollection<VmEventKind> Kinds
    {
        get;
        init => field = value.ToArray();
    }

    /// <summary>The pages, for <see cref="VmEventKind.MemAccess"/>.</summary>
    public PageWatch? Pages { get; init; }

    /// <summary>
    /// The places in the kernel's code, for <see cref="VmEventKind.SoftwareBreakpoint"/>; null: every INT3 of the guest.
    /// </summary>
    public BreakpointWatch? Breakpoints { get; init; }

    /// <summary>The control registers, for <see cref="VmEventKind.WriteControlRegister"/>.</summary>
    public IReadOnlyCollection<ControlRegister> ControlRegisters
    {
        get;
        init => field = value.ToArray();
    } = [ControlRegister.CR0, ControlRegister.CR3, ControlRegister.CR4];

    /// <summary>For control registers: a write that changes only these bits raises no event.</summary>
    public ulong IgnoredBits { get; init; }

    /// <summary>The model-specific registers, for <see cref="VmEventKind.MovToMsr"/>.</summary>
    public IReadOnlyCollection<uint> Msrs
    {
        get;
        init => field = value.ToArray();
    } = [];

    /// <summary>
    /// Whether a register write of the same value raises no event. For control registers it never does.
    /// </summary>
    public bool OnChangeOnly { get; init; }

    /// <summary>
    /// The guest does not wait for answers to <see cref="VmEventKind.WriteControlRegister"/>,
    /// <see cref="VmEventKind.DebugException"/> and <see cref="VmEventKind.GuestRequest"/> events. For answers to
    /// <see cref="VmEventKind.VmExit"/> events it waits only with <see cref="Hold"/>; for those to other kinds it
    /// always waits.
    /// </summary>
    public bool Async { get; init; }

    /// <summary>
    /// For <see cref="VmEventKind.GuestRequest"/>: also requests from the guest's programs, not only from its kernel
    /// (x86).
    /// </summary>
    public bool AllowUserspace { get; init; }

    /// <summary>
    /// For <see cref="VmEventKind.SingleStep"/>: the vCPUs that step during the watch and whose steps are seen. Empty:
    /// only the steps that answers ask for, of any vCPU. Xen delivers no interrupts to a vCPU that steps.
    /// </summary>
    public IReadOnlyCollection<uint> SteppedVCpus
    {
        get;
        init => field = value.ToArray();
    } = [];

    /// <summary>Selects events by their contents; null: all. The others get their default answer immediately.</summary>
    public EventSelection? Selection { get; init; }

    /// <summary>Events wait for an answer, up to the session's deadline.</summary>
    public bool Hold { get; init; }

    /// <summary>How many events may wait for the consumer, 1 or more; a full buffer slows the guest.</summary>
    public int BufferSize { get; init; } = 4096;

    /// <summary>
    /// Whether the guest does not wait for the answers to some of its events. Page accesses do not wait if N2rwx gives
    /// way.
    /// </summary>
    internal bool MayBeAsynchronous =>
        Async || Kinds.Contains(VmEventKind.MemAccess) || (!Hold && Kinds.Contains(VmEventKind.VmExit));
}
