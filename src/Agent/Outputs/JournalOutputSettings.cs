namespace XenVmEvent.Agent;

/// <summary>Events as entries of systemd's journal: the serious ones, for people to be alerted.</summary>
public sealed record JournalOutputSettings : OutputSettings
{
    /// <summary>The journal's socket.</summary>
    public string Socket { get; init; } = "/run/systemd/journal/socket";

    /// <inheritdoc/>
    public override string Place => $"the journal at {Socket}";

    /// <inheritdoc/>
    public override IEventSink CreateSink(AgentIdentity agent) => new JournalSink(this);
}
