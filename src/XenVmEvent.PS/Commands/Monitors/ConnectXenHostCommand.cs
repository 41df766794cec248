using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;

namespace XenVmEvent.PS;

/// <summary>
/// Connect-XenHost: chooses the host that the other cmdlets work on. Without it, their first use connects to Xen on
/// this machine, which must be its dom0.
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

    /// <summary>
    /// With -Simulated: a recording. Its domains are simulated. Once a watch has begun, they raise the recorded events
    /// again, as far as these are watched. Then they shut down.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Trace { get; set; }

    /// <summary>With -Trace: raise events as fast as they are answered, not at the recorded pace.</summary>
    [Parameter]
    public SwitchParameter Fast { get; set; }

    /// <summary>Return the host.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => Require(Trace ?? (Simulated ? "simulated Xen" : "Xen"), () =>
    {
        if (MyInvocation.BoundParameters.ContainsKey(nameof(Architecture)) && !Simulated)
        {
            throw new XenException(
                XenErrorId.InvalidArgument, "The guests of a real host have the host's architecture.", "Leave -Architecture out, or connect with -Simulated.");
        }

        if (Trace is not null && (!Simulated || MyInvocation.BoundParameters.ContainsKey(nameof(Architecture))))
        {
            throw new XenException(
                XenErrorId.InvalidArgument, "A simulated host replays a recording, with the recording's architecture.", "Use -Trace with -Simulated, and without -Architecture.");
        }

        if (Fast && Trace is null) throw new XenException(XenErrorId.InvalidArgument, "-Fast is only for replaying a recording.", "Name one with -Trace.");
        IHypervisor host = XenHost.Connect(Simulated ? Simulation() : null);
        WriteVerbose($"Connected to {host.Description}.");
        if (PassThru) WriteObject(new HostStatus(host));
    });

    private SimulationOptions Simulation() => Trace is null
        ? new SimulationOptions { Architecture = Architecture }
        : RecordedHost.Open(RecordingPath.Resolve(SessionState.Path, Trace), Fast);
}

/// <summary>The host that the cmdlets work on, for Connect-XenHost.</summary>
public sealed class HostStatus
{
    internal HostStatus(IHypervisor host)
    {
        Host = host.Description;
        InterfaceVersion = host.Layout.Version;
        Architecture = host.Architecture;
        Guests = host.GetDomains().Count(d => d.Id != 0);
    }

    /// <summary>Its name.</summary>
    public string Host { get; }

    /// <summary>Its vm_event interface version.</summary>
    public int InterfaceVersion { get; }

    /// <summary>The architecture of its guests.</summary>
    public GuestArchitecture Architecture { get; }

    /// <summary>How many domains it runs, not counting dom0.</summary>
    public int Guests { get; }

    /// <inheritdoc/>
    public override string ToString() => Host;
}
