using XenVmEvent.Events;

namespace XenVmEvent.Agent;

/// <summary>One output as it is configured. Two that are equal need not be exchanged when the agent reads its files again.</summary>
public abstract record OutputSettings
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How many events may wait for it, 1 or more; what comes while its queue is full is lost for it.</summary>
    public int Queue { get; init; } = 10_000;

    /// <summary>The least serious events that it gets.</summary>
    public RuleSeverity Severity { get; init; }

    /// <summary>Where its events go, for people.</summary>
    public abstract string Place { get; }

    /// <summary>Makes the sink. Nothing is opened before it is given its first batch.</summary>
    /// <param name="agent">What the agent says of itself, now and later.</param>
    public abstract IEventSink CreateSink(AgentIdentity agent);
}
