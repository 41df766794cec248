using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Cli;

/// <summary>What the command line asks for.</summary>
internal sealed record WatchArguments
{
    public required string Domain { get; init; }

    public required WatchMode Mode { get; init; }

    public bool ListenerRequired { get; init; }

    public bool Follow { get; init; }

    public bool NoGuard { get; init; }

    public bool Simulate { get; init; }

    public string? Trace { get; init; }

    public bool Fast { get; init; }

    public ChannelPreference Channel { get; init; }

    public long? First { get; init; }

    public TimeSpan? Duration { get; init; }

    public OutputFormat Format { get; init; }

    public string? Output { get; init; }

    public IReadOnlyList<GfnRange> Gfns { get; init; } = [];

    public bool Repeat { get; init; }

    public VmEventResponse Response { get; init; } = VmEventResponse.Continue;

    public IReadOnlyList<uint> Msrs { get; init; } = [];

    public IReadOnlyList<AddressRange> NewValues { get; init; } = [];

    public IReadOnlyList<AddressRange> ExcludedNewValues { get; init; } = [];

    public IReadOnlyList<AddressRange> InstructionPointers { get; init; } = [];

    public IReadOnlyList<AddressRange> LinearAddresses { get; init; } = [];

    public IReadOnlyList<string> Symbols { get; init; } = [];

    public string? SymbolMap { get; init; }
}
