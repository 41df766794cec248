using System.Globalization;

namespace XenVmEvent.Agent;

/// <summary>A host of a fleet, as its stream in Redis shows it.</summary>
public sealed class FleetHost
{
    internal FleetHost()
    {
    }

    /// <summary>The host's name.</summary>
    public string HostName { get; internal init; } = "";

    /// <summary>
    /// The time of its last event, by its own clock, to the millisecond; null if there is none among its last thousand
    /// entries.
    /// </summary>
    public DateTimeOffset? LastEvent { get; internal init; }

    /// <summary>The time of its last entry, by its own clock. An agent that works makes one a minute; null if there is none.</summary>
    public DateTimeOffset? LastEntry { get; internal init; }

    /// <summary>
    /// How long ago, by Redis' clock, the last entry was made. What is known of the clocks' difference is taken into account.
    /// Null if there is no entry.
    /// </summary>
    public TimeSpan? Lag { get; internal init; }

    /// <summary>The version of its agent; null if the last thousand entries do not tell.</summary>
    public string? AgentVersion { get; internal init; }

    /// <summary>When its agent began to send, by its own clock; null if the last thousand entries do not tell.</summary>
    public DateTimeOffset? AgentStarted { get; internal init; }

    /// <summary>
    /// The hash of its policies, see <see cref="AgentConfiguration.PolicyHash"/>; null if the last thousand entries do not
    /// tell.
    /// </summary>
    public string? PolicyHash { get; internal init; }

    /// <summary>
    /// How far its clock is ahead of that of Redis; negative: behind. The agent has measured it within the last minute, to
    /// half of the time that Redis took to answer. Null: it does not tell, or Redis does not let it ask.
    /// </summary>
    public TimeSpan? ClockSkew { get; internal init; }

    /// <summary>How many entries its stream has.</summary>
    public long Entries { get; internal init; }

    /// <summary>The groups that read its stream.</summary>
    public IReadOnlyList<FleetGroup> Groups { get; internal init; } = [];

    /// <inheritdoc/>
    public override string ToString() => HostName;
}

/// <summary>A group of readers, as a host's stream knows it.</summary>
public sealed class FleetGroup
{
    internal FleetGroup()
    {
    }

    /// <summary>The group's name.</summary>
    public string Name { get; internal init; } = "";

    /// <summary>How many readers it has ever had.</summary>
    public long Consumers { get; internal init; }

    /// <summary>How many entries a reader has been given and has not acknowledged.</summary>
    public long Pending { get; internal init; }

    /// <summary>How many entries no reader has been given yet; null if Redis cannot tell, as after entries were deleted.</summary>
    public long? Unread { get; internal init; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}: {Unread?.ToString(CultureInfo.InvariantCulture) ?? "?"} unread, {Pending} pending");
}
