using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>How a session runs.</summary>
public sealed record MonitorOptions
{
    /// <summary>The longest time that a vCPU may wait for an answer, in minutes.</summary>
    public const int LongestResponseMinutes = 60;

    /// <summary>How long a vCPU waits for an answer by default.</summary>
    public static TimeSpan DefaultResponseTimeout { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Which channel to use.</summary>
    public ChannelPreference Channel { get; init; } = ChannelPreference.Auto;

    /// <summary>
    /// How long a vCPU may wait for a held event, or for room in a buffer, before the default answer goes out: more
    /// than zero, and at most <see cref="LongestResponseMinutes"/>. On a ring with fewer entries than the domain has
    /// vCPUs, a vCPU first waits for others. There each event has its share of this time: half with 9 to 16 vCPUs.
    /// </summary>
    public TimeSpan ResponseTimeout { get; init; } = DefaultResponseTimeout;

    /// <summary>
    /// Whether the domain crashes, instead of running on, when an access violates a page's permissions and there is no
    /// listener (xen-access -m).
    /// </summary>
    public bool ListenerRequired { get; init; }

    /// <summary>
    /// Told which part of a request is skipped, and why; from any thread, before anything is changed for the request.
    /// </summary>
    public Action<string>? Warn { get; init; }

    /// <summary>
    /// How many accesses to a page with hidden breakpoints are stepped over in a second; each takes the guest some ten
    /// microseconds.
    /// </summary>
    internal int MostHiddenAccesses { get; init; } = 1000;

    /// <summary>Provides the time of day.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;
}
