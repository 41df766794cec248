namespace XenVmEvent.Simulation;

/// <summary>What a page access that violates the page's permissions leads to.</summary>
internal enum Violation
{
    /// <summary>The restriction gave way silently: the access is done.</summary>
    None,

    /// <summary>The restriction gave way: the listener is told and the access is done.</summary>
    Reported,

    /// <summary>The access waits for the listener's answer.</summary>
    Held,
}
