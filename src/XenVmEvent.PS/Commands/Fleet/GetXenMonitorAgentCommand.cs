using System.Management.Automation;
using XenVmEvent.Agent;

namespace XenVmEvent.PS;

/// <summary>
/// Get-XenMonitorAgent: asks the agent of this machine for its guests, its policies and its outputs.
/// </summary>
[Cmdlet(VerbsCommon.Get, "XenMonitorAgent")]
[OutputType(typeof(AgentStatus))]
public sealed class GetXenMonitorAgentCommand : XenCmdlet
{
    /// <summary>The agent's socket.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Socket { get; set; } = new StatusSettings().Socket;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        AgentStatus? status = null;
        try
        {
            Require(Socket, () => status = AgentClient.Ask(GetUnresolvedProviderPathFromPSPath(Socket), Stopped));
        }
        catch (OperationCanceledException) when (Stopped.IsCancellationRequested)
        {
            return;
        }

        WriteObject(status);
    }
}
