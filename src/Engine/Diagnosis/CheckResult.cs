namespace XenVmEvent.Diagnosis;

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
