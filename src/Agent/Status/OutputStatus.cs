namespace XenVmEvent.Agent;

/// <summary>What an output has done, and what waits for it.</summary>
public sealed class OutputStatus
{
    internal OutputStatus()
    {
    }

    /// <summary>Its name.</summary>
    public string Name { get; internal init; } = "";

    /// <summary>Where its events go, for people.</summary>
    public string Place { get; internal init; } = "";

    /// <summary>The number of events that have arrived.</summary>
    public long Published { get; internal init; }

    /// <summary>The number of events that it could not take.</summary>
    public long Lost { get; internal init; }

    /// <summary>The number of events that wait, in its queue or in its spool.</summary>
    public long Waiting { get; internal init; }

    /// <summary>How long the oldest event of its queue has waited.</summary>
    public TimeSpan Lag { get; internal init; }

    /// <summary>The size of its spool in bytes; 0 without one.</summary>
    public long SpoolBytes { get; internal init; }

    /// <summary>Why nothing arrives at present; null if it works.</summary>
    public string? Problem { get; internal init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
