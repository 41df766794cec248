namespace XenVmEvent.Hypervisor;

/// <summary>How requests and responses travel.</summary>
public enum ChannelKind
{
    /// <summary>One ring, 8 entries a page, for all vCPUs.</summary>
    Ring,

    /// <summary>One slot per vCPU, and a ring for events that wait for no answer.</summary>
    Slotted,
}

/// <summary>Which channel a session shall use.</summary>
public enum ChannelPreference
{
    /// <summary>Slotted where the host offers it, else the ring.</summary>
    Auto,

    /// <summary>The shared ring.</summary>
    Ring,

    /// <summary>The per-vCPU slots, or an error.</summary>
    Slotted,
}
