namespace XenVmEvent.Abi;

/// <summary>The architecture of a host's guests.</summary>
public enum GuestArchitecture
{
    /// <summary>x86, on 64-bit hosts.</summary>
    X86,

    /// <summary>64-bit Arm.</summary>
    Arm64,
}
