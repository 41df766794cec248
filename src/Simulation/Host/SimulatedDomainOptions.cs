using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>One guest of a simulated host.</summary>
public sealed record SimulatedDomainOptions
{
    /// <summary>The maximum number of a domain's vCPUs.</summary>
    public const int MostVCpus = 128;

    /// <summary>The minimum number of a domain's pages: the workload's code and most used data are below it.</summary>
    public const int FewestPages = 512;

    /// <summary>The domain id, 1 or more.</summary>
    public required uint Id { get; init; }

    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>How it is virtualised; a paravirtualised domain cannot be monitored.</summary>
    public DomainType Type { get; init; } = DomainType.Hvm;

    /// <summary>How many vCPUs it has, 1 to <see cref="MostVCpus"/>.</summary>
    public int VCpus { get; init; } = 1;

    /// <summary>Pages of 4096 bytes, <see cref="FewestPages"/> or more; gfns go from 0 on.</summary>
    public int Pages { get; init; } = 4096;

    /// <summary>
    /// How many page tables, of 512 pages each, Xen has memory for to keep the access of pages in: as few as libxl's
    /// default <c>shadow_memory</c> gives a small guest; null: as many as needed.
    /// </summary>
    public int? PageTables { get; init; }

    /// <summary>
    /// Pages, from the first to the last, that Xen populates only when they are accessed, as with <c>maxmem</c> above
    /// <c>memory</c>, or in a fork; null: none.
    /// </summary>
    public (ulong First, ulong Last)? OnDemand { get; init; }

    /// <summary>
    /// Pages, from the first to the last, that are the memory of a passed-through device; null: none.
    /// </summary>
    public (ulong First, ulong Last)? DeviceMemory { get; init; }

    /// <summary>Whether its configuration allows altp2m views.</summary>
    public AltP2mMode AltP2m { get; init; } = AltP2mMode.External;

    /// <summary>What each vCPU does, round after round.</summary>
    public Workload Workload { get; init; } = Workload.Everything;

    /// <summary>How many rounds per second each vCPU does at most; 0: as many as it can.</summary>
    public double RoundsPerSecond { get; init; } = 200;

    /// <summary>How many rounds each vCPU does before it rests; 0: without end.</summary>
    public long Rounds { get; init; }

    /// <summary>
    /// Whether the vCPUs wait for <see cref="SimulatedDomain.Start"/>, as after <c>xl create -p</c>. Then a watch that
    /// begins before the start sees the same events in every run. Otherwise they start when the domain is first
    /// monitored.
    /// </summary>
    public bool StartsPaused { get; init; }

    /// <summary>
    /// What its vCPUs raise, in this order, instead of a workload: once it is watched, and only events that are
    /// watched. After the last event it shuts down. Read once, as it goes on; null: they do their workload.
    /// </summary>
    public IEnumerable<TraceEntry>? Trace { get; init; }

    /// <summary>Whether a trace is raised as fast as the listener answers, instead of at its own pace.</summary>
    public bool IsTraceFast { get; init; }

    /// <summary>
    /// Whether it is a fork of another domain (<c>xl fork-vm</c>): an answer can reset it to its initial state and
    /// memory.
    /// </summary>
    public bool IsFork { get; init; }

    /// <summary>
    /// Whether the processor writes a trace of its vCPUs (<c>vmtrace_buf_kb</c>), which interface version 7 reports.
    /// </summary>
    public bool IsTraced { get; init; }

    /// <summary>Throws if a value is out of range.</summary>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfZero(Id);
        ArgumentException.ThrowIfNullOrWhiteSpace(Name);
        ArgumentOutOfRangeException.ThrowIfLessThan(VCpus, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(VCpus, MostVCpus);
        ArgumentOutOfRangeException.ThrowIfLessThan(Pages, FewestPages);
        ArgumentOutOfRangeException.ThrowIfNegative(RoundsPerSecond);
        ArgumentOutOfRangeException.ThrowIfNegative(Rounds);
    }
}

/// <summary>Whether a domain's configuration enables altp2m, and for whom: <c>altp2m=</c> in an xl.cfg.</summary>
public enum AltP2mMode
{
    /// <summary>For nobody; xl's default.</summary>
    Disabled,

    /// <summary>For the guest itself and for others.</summary>
    Mixed,

    /// <summary>For others, not for the guest.</summary>
    External,

    /// <summary>For others; the guest may only ask for notifications.</summary>
    Limited,
}
