namespace XenVmEvent.Events;

/// <summary>What is done to a page.</summary>
[Flags]
public enum PageAccess
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Reading.</summary>
    Read = 1,

    /// <summary>Writing.</summary>
    Write = 2,

    /// <summary>Executing.</summary>
    Execute = 4,
}
