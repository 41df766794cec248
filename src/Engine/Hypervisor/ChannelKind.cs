namespace XenVmEvent.Hypervisor;

/// <summary>How requests and responses travel.</summary>
public enum ChannelKind
{
    /// <summary>One ring for all vCPUs, with 8 entries per page.</summary>
    Ring,

    /// <summary>One slot per vCPU, and a ring for events that need no answer.</summary>
    Slotted,
}

/// <summary>Which channel a session uses.</summary>
public enum ChannelPreference
{
    /// <summary>Slotted if the host offers it, otherwise the ring.</summary>
    Auto,

    /// <summary>The shared ring.</summary>
    Ring,

    /// <summary>The per-vCPU slots, or an error.</summary>
    Slotted,
}
