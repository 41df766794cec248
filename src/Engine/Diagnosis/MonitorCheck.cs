namespace XenVmEvent.Diagnosis;

/// <summary>One thing that monitoring needs, and whether it is there.</summary>
/// <param name="domain">The name of the domain that was looked at; null for the host.</param>
/// <param name="name">What was checked, a name that does not change.</param>
/// <param name="result">How it came out.</param>
/// <param name="found">What was found, for people.</param>
/// <param name="remedy">What to do about it; empty where there is nothing to do.</param>
/// <param name="task">What that comes down to, for a face to add its command.</param>
public sealed class MonitorCheck(string? domain, string name, CheckResult result, string found, string remedy, RemedyTask task = RemedyTask.None)
{
    /// <summary>The name of the domain that was looked at; null for the host.</summary>
    public string? Domain { get; } = domain;

    /// <summary>What was checked, a name that does not change.</summary>
    public string Name { get; } = name;

    /// <summary>How it came out.</summary>
    public CheckResult Result { get; } = result;

    /// <summary>What was found, for people.</summary>
    public string Found { get; } = found;

    /// <summary>What to do about it; empty where there is nothing to do.</summary>
    public string Remedy { get; } = remedy;

    /// <summary>What the remedy comes down to, where a face has a command for it.</summary>
    internal RemedyTask RemedyTask { get; } = task;

    /// <summary>The same check, its remedy with a face's own command.</summary>
    /// <param name="commandFor">The face's command for a task; null where it has none.</param>
    public MonitorCheck RemediedBy(Func<RemedyTask, string?> commandFor)
    {
        ArgumentNullException.ThrowIfNull(commandFor);
        return new MonitorCheck(Domain, Name, Result, Found, XenException.AddCommand(Remedy, commandFor(RemedyTask)));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Result}: {Found}";
}

/// <summary>How a check came out.</summary>
public enum CheckResult
{
    /// <summary>All is well.</summary>
    Passed,

    /// <summary>Something cannot be had here, or cannot be known; the rest can be monitored.</summary>
    Warning,

    /// <summary>Nothing can be monitored before this is mended.</summary>
    Failed,

    /// <summary>It was not looked at, for a check before it failed.</summary>
    Skipped,
}
