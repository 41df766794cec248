namespace XenVmEvent.Agent;

/// <summary>The notes of what the agent is among a spool's entries. Used under the spool's lock.</summary>
/// <param name="agent">The agent; null: it is not told, and there is no note but the first.</param>
/// <param name="started">When the agent began.</param>
internal sealed class SpoolNotes(AgentIdentity? agent, DateTimeOffset started)
{
    /// <summary>After so many entries there is another one.</summary>
    private const int Period = 256;

    private int _entries;

    /// <summary>Whether notes follow the first.</summary>
    public bool Follow => agent is not null;

    /// <summary>Whether the next batch begins with one.</summary>
    public bool IsDue => Follow && _entries >= Period;

    /// <summary>How far the host's clock is ahead of that of Redis, in milliseconds; null: not known.</summary>
    public double? ClockSkew { get; set; }

    /// <summary>A note of now.</summary>
    public AgentNote Next() =>
        new(started, Previous: null, Complete: true) { Version = agent?.Version, PolicyHash = agent?.PolicyHash, ClockSkew = ClockSkew };

    /// <summary>Counts entries that were appended.</summary>
    /// <param name="entries">How many.</param>
    /// <param name="afterNote">Whether a note came before them.</param>
    public void Count(int entries, bool afterNote) => _entries = afterNote ? entries : _entries + entries;
}
