using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>How a session is to run.</summary>
public sealed record MonitorOptions
{
    /// <summary>The longest that a vCPU may wait for an answer, in minutes.</summary>
    public const int LongestResponseMinutes = 60;

    /// <summary>How long a vCPU waits for an answer unless said otherwise.</summary>
    public static TimeSpan DefaultResponseTimeout { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Which channel to use.</summary>
    public ChannelPreference Channel { get; init; } = ChannelPreference.Auto;

    /// <summary>How long an event may be held, or wait for room in a buffer, before its default goes out; more than zero, and at most <see cref="LongestResponseMinutes"/>.</summary>
    public TimeSpan ResponseTimeout { get; init; } = DefaultResponseTimeout;

    /// <summary>Whether the domain pauses, rather than runs on, when a page access finds no listener (xen-access -m).</summary>
    public bool ListenerRequired { get; init; }
}
