namespace XenVmEvent.Simulation;

/// <summary>Whether a domain's configuration enables altp2m, and for whom: <c>altp2m=</c> in an xl.cfg.</summary>
public enum AltP2mMode
{
    /// <summary>For nobody; what xl takes when nothing is said.</summary>
    Disabled,

    /// <summary>For the guest itself and for others.</summary>
    Mixed,

    /// <summary>For others than the guest.</summary>
    External,

    /// <summary>For others; the guest may only ask for notifications.</summary>
    Limited,
}
