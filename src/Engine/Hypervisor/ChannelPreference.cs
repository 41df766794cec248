namespace XenVmEvent.Hypervisor;

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
