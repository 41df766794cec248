using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>What a subscription wants to see, and how.</summary>
public sealed record EventWatch
{
    /// <summary>The kinds of event, <see cref="VmEventKind.MemAccess"/> only with <see cref="Pages"/>.</summary>
    public required IReadOnlyCollection<VmEventKind> Kinds { get; init; }

    /// <summary>The pages, for <see cref="VmEventKind.MemAccess"/>.</summary>
    public PageWatch? Pages { get; init; }

    /// <summary>The control registers, for <see cref="VmEventKind.WriteControlRegister"/>.</summary>
    public IReadOnlyCollection<ControlRegister> ControlRegisters { get; init; } =
        [ControlRegister.CR0, ControlRegister.CR3, ControlRegister.CR4];

    /// <summary>Which of their writes.</summary>
    public ControlRegisterOptions ControlRegisterOptions { get; init; } = new(IgnoredBits: 0, OnChangeOnly: false, Sync: true);

    /// <summary>The model specific registers, for <see cref="VmEventKind.MovToMsr"/>.</summary>
    public IReadOnlyCollection<uint> Msrs { get; init; } = [];

    /// <summary>Whether an MSR write of the same value raises no event.</summary>
    public bool MsrOnChangeOnly { get; init; }

    /// <summary>Events wait for an answer, up to the session's deadline.</summary>
    public bool Hold { get; init; }

    /// <summary>How many events wait for the consumer at most, 1 or more; a full buffer slows the guest.</summary>
    public int BufferSize { get; init; } = 4096;
}
