using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>The host that the cmdlets talk to, for Connect-XenHost.</summary>
public sealed class HostStatus
{
    internal HostStatus(IHypervisor host)
    {
        Host = host.Description;
        InterfaceVersion = host.Layout.Version;
        Architecture = host.Architecture;
        Guests = host.GetDomains().Count(d => d.Id != 0);
    }

    /// <summary>What it is.</summary>
    public string Host { get; }

    /// <summary>The vm_event interface version that it speaks.</summary>
    public int InterfaceVersion { get; }

    /// <summary>The architecture of its guests.</summary>
    public GuestArchitecture Architecture { get; }

    /// <summary>How many domains it runs, dom0 not counted.</summary>
    public int Guests { get; }

    /// <inheritdoc/>
    public override string ToString() => Host;
}
