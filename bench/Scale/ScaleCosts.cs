namespace XenVmEvent.Bench;

/// <summary>What the steps of an event cost in the model, in nanoseconds.</summary>
internal sealed record ScaleCosts
{
    /// <summary>
    /// The mean time of a vCPU from an answer to its next request. It is what is left of a measured event when everything
    /// else is taken away.
    /// </summary>
    public required double Guest { get; init; }

    /// <summary>A word from one processor to another that looks for it.</summary>
    public required double Look { get; init; }

    /// <summary>What the pump does for an event, as `bench/run steps` measures it.</summary>
    public required double Handle { get; init; }

    /// <summary>One notification from the pump to Xen.</summary>
    public required double Notify { get; init; }

    /// <summary>What waking a vCPU costs the pump; 0 where vCPUs look instead of sleeping.</summary>
    public required double Wake { get; init; }

    /// <summary>How long a vCPU takes from being woken until it runs.</summary>
    public required double WakeLatency { get; init; }
}
