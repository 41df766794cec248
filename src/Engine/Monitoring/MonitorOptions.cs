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

    /// <summary>
    /// How long a vCPU may wait for an event that is held, or for room in a buffer, before the default goes out; more than
    /// zero, and at most <see cref="LongestResponseMinutes"/>. On a ring with fewer places than the domain has vCPUs a vCPU
    /// waits for others first: there each event has its share of it, half with 9 to 16 vCPUs.
    /// </summary>
    public TimeSpan ResponseTimeout { get; init; } = DefaultResponseTimeout;

    /// <summary>Whether the domain crashes, rather than runs on, when an access against a page's permissions finds no listener (xen-access -m).</summary>
    public bool ListenerRequired { get; init; }

    /// <summary>Is told what of a request is left out, and why; from any thread, and before anything is changed for the request.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>Tells the time of day.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;
}
