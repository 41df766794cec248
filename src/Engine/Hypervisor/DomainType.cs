namespace XenVmEvent.Hypervisor;

/// <summary>How a domain is virtualised.</summary>
public enum DomainType
{
    /// <summary>Not known: the toolstack left no word of it.</summary>
    Unknown,

    /// <summary>Paravirtualised: cannot be monitored.</summary>
    PV,

    /// <summary>Hardware virtualised with a device model.</summary>
    Hvm,

    /// <summary>Hardware virtualised without a device model.</summary>
    Pvh,
}
