using XenVmEvent.Abi;

namespace XenVmEvent.PS;

/// <summary>The host that the cmdlets work on.</summary>
/// <param name="Host">What it is.</param>
/// <param name="InterfaceVersion">The vm_event interface version that it speaks.</param>
/// <param name="Architecture">The architecture of its guests.</param>
/// <param name="Guests">How many domains it runs, dom0 not counted.</param>
public sealed record HostStatus(string Host, int InterfaceVersion, GuestArchitecture Architecture, int Guests);
