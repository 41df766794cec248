namespace XenVmEvent.Hypervisor;

/// <summary>How requests and responses travel.</summary>
public enum ChannelKind
{
    /// <summary>One ring, 8 entries a page, for all vCPUs.</summary>
    Ring,

    /// <summary>One slot per vCPU, and a ring for events that wait for no answer.</summary>
    Slotted,
}
