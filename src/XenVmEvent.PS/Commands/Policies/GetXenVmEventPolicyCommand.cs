using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Get-XenVmEventPolicy: gets the rules that decide on guests' events, and what they have done.</summary>
[Cmdlet(VerbsCommon.Get, "XenVmEventPolicy")]
[OutputType(typeof(PolicyStatus))]
public sealed class GetXenVmEventPolicyCommand : SessionQueryCmdlet
{
    private protected override void Tell(MonitorSession session) => WriteObject(PolicyStatus.Of(session), enumerateCollection: true);
}
