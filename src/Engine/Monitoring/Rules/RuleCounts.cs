namespace XenVmEvent.Monitoring;

/// <summary>What one rule has done in a session so far.</summary>
/// <param name="Rule">The rule's name.</param>
/// <param name="Fitted">The number of events that it fitted.</param>
/// <param name="Answered">The number of events that got its answer.</param>
/// <param name="Unsuitable">
/// The number of events for which its answer makes no sense, such as read data for a write. They got the default.
/// </param>
/// <param name="Reported">The number of events that it had shown.</param>
/// <param name="Shed">The number of events that a limit kept from being shown.</param>
/// <param name="Slowed">The number of events whose vCPUs a limit kept waiting.</param>
/// <param name="HasBegun">Whether the time has come at which it begins.</param>
public sealed record RuleCounts(
    string Rule, long Fitted, long Answered, long Unsuitable, long Reported, long Shed, long Slowed, bool HasBegun);
