namespace XenVmEvent.Diagnosis;

/// <summary>One thing that monitoring needs, and whether it is available.</summary>
/// <param name="domain">The name of the domain; null for the host.</param>
/// <param name="name">What was checked, a stable name.</param>
/// <param name="result">The result.</param>
/// <param name="found">What was found, for people.</param>
/// <param name="remedy">What to do about it; empty if there is nothing to do.</param>
/// <param name="task">The task behind the remedy, for a face to add its command.</param>
public sealed class MonitorCheck(string? domain, string name, CheckResult result, string found, string remedy, RemedyTask task = RemedyTask.None)
{
    /// <summary>The name of the domain; null for the host.</summary>
    public string? Domain { get; } = domain;

    /// <summary>What was checked, a stable name.</summary>
    public string Name { get; } = name;

    /// <summary>The result.</summary>
    public CheckResult Result { get; } = result;

    /// <summary>What was found, for people.</summary>
    public string Found { get; } = found;

    /// <summary>What to do about it; empty if there is nothing to do.</summary>
    public string Remedy { get; } = remedy;

    /// <summary>The task behind the remedy, if a face has a command for it.</summary>
    internal RemedyTask RemedyTask { get; } = task;

    /// <summary>The same check, with a face's own command in its remedy.</summary>
    /// <param name="commandFor">The face's command for a task; null if it has none.</param>
    public MonitorCheck RemediedBy(Func<RemedyTask, string?> commandFor)
    {
        ArgumentNullException.ThrowIfNull(commandFor);
        return new MonitorCheck(Domain, Name, Result, Found, XenException.AddCommand(Remedy, commandFor(RemedyTask)));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Result}: {Found}";
}

/// <summary>The result of a check.</summary>
public enum CheckResult
{
    /// <summary>All is well.</summary>
    Passed,

    /// <summary>Something is unavailable or unknown here; everything else can be monitored.</summary>
    Warning,

    /// <summary>Nothing can be monitored until this is fixed.</summary>
    Failed,

    /// <summary>It was not checked, because an earlier check failed.</summary>
    Skipped,
}
