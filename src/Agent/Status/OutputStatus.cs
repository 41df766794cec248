namespace XenVmEvent.Agent;

/// <summary>What an output has done, and what waits for it.</summary>
public sealed record OutputStatus
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The number of events that have arrived.</summary>
    public required long Published { get; init; }

    /// <summary>The number of events that it could not take.</summary>
    public required long Lost { get; init; }

    /// <summary>The number of events that wait, in its queue or in its spool.</summary>
    public required long Waiting { get; init; }

    /// <summary>How long the oldest event of its queue has waited.</summary>
    public required TimeSpan Lag { get; init; }

    /// <summary>The size of its spool in bytes; 0 without one.</summary>
    public required long SpoolBytes { get; init; }

    /// <summary>Why nothing arrives at present; null if it works.</summary>
    public required string? Problem { get; init; }
}
