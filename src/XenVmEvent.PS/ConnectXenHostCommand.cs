using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Simulation;

namespace XenVmEvent.PS;

/// <summary>
/// Connect-XenHost: chooses the host that the other cmdlets work on. Without it, their first use connects to the Xen
/// that this machine is dom0 of.
/// </summary>
[Cmdlet(VerbsCommunications.Connect, "XenHost")]
[OutputType(typeof(HostStatus))]
public sealed class ConnectXenHostCommand : XenCmdlet
{
    /// <summary>Connect to a simulated host with the guests web01 and db01.</summary>
    [Parameter]
    public SwitchParameter Simulated { get; set; }

    /// <summary>With -Simulated: the guests' architecture.</summary>
    [Parameter]
    public GuestArchitecture Architecture { get; set; }

    /// <summary>Return what was connected to.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => Require(null, () =>
    {
        if (MyInvocation.BoundParameters.ContainsKey(nameof(Architecture)) && !Simulated)
        {
            throw new XenException(
                XenErrorId.NotSupported, "The architecture of a real host's guests is the host's.", "Leave -Architecture out, or connect with -Simulated.");
        }

        IHypervisor host = XenHost.Connect(Simulated ? new SimulationOptions { Architecture = Architecture } : null);
        WriteVerbose($"Connected to {host.Description}.");
        if (PassThru) WriteObject(new HostStatus(host.Description, host.Layout.Version, host.Architecture, host.GetDomains().Count(d => d.Id != 0)));
    });
}
