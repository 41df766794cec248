using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>What a subscription wants to see, and how. It keeps copies of what it is given: the pump reads them at any time.</summary>
public sealed record EventWatch
{
    /// <summary>The kinds of event, <see cref="VmEventKind.MemAccess"/> only with <see cref="Pages"/>.</summary>
    public required IReadOnlyCollection<VmEventKind> Kinds
    {
        get;
        init => field = value.ToArray();
    }

    /// <summary>The pages, for <see cref="VmEventKind.MemAccess"/>.</summary>
    public PageWatch? Pages { get; init; }

    /// <summary>The control registers, for <see cref="VmEventKind.WriteControlRegister"/>.</summary>
    public IReadOnlyCollection<ControlRegister> ControlRegisters
    {
        get;
        init => field = value.ToArray();
    } = [ControlRegister.CR0, ControlRegister.CR3, ControlRegister.CR4];

    /// <summary>Of control registers: a write that changes only these bits raises no event.</summary>
    public ulong IgnoredBits { get; init; }

    /// <summary>The model specific registers, for <see cref="VmEventKind.MovToMsr"/>.</summary>
    public IReadOnlyCollection<uint> Msrs
    {
        get;
        init => field = value.ToArray();
    } = [];

    /// <summary>Whether a register write of the same value raises no event. Those of control registers never do.</summary>
    public bool OnChangeOnly { get; init; }

    /// <summary>
    /// The guest does not wait for answers to <see cref="VmEventKind.WriteControlRegister"/>,
    /// <see cref="VmEventKind.DebugException"/> and <see cref="VmEventKind.GuestRequest"/> events. To
    /// <see cref="VmEventKind.VmExit"/> events it waits only with <see cref="Hold"/>, to those of other kinds always.
    /// </summary>
    public bool Async { get; init; }

    /// <summary>For <see cref="VmEventKind.GuestRequest"/>: also what the guest's programs ask for, not its kernel alone (x86).</summary>
    public bool AllowUserspace { get; init; }

    /// <summary>
    /// For <see cref="VmEventKind.SingleStep"/>: the vCPUs that step as long as this is watched, and whose steps are
    /// seen. Empty: only what answers make step is, of any vCPU. Xen delivers no interrupts to a vCPU that steps.
    /// </summary>
    public IReadOnlyCollection<uint> SteppedVCpus
    {
        get;
        init => field = value.ToArray();
    } = [];

    /// <summary>Which of these events, by what is in them; null: all. The others get their default at once.</summary>
    public EventSelection? Selection { get; init; }

    /// <summary>Events wait for an answer, up to the session's deadline.</summary>
    public bool Hold { get; init; }

    /// <summary>How many events wait for the consumer at most, 1 or more; a full buffer slows the guest.</summary>
    public int BufferSize { get; init; } = 4096;

    /// <summary>Whether the guest does not wait for the answers to some of its events: page accesses do not where N2rwx gives way.</summary>
    internal bool MayBeAsynchronous =>
        Async || Kinds.Contains(VmEventKind.MemAccess) || (!Hold && Kinds.Contains(VmEventKind.VmExit));
}
