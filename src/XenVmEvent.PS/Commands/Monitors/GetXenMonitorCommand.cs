using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Get-XenMonitor: gets the open sessions and their counters.</summary>
[Cmdlet(VerbsCommon.Get, "XenMonitor")]
[OutputType(typeof(MonitorStatus))]
public sealed class GetXenMonitorCommand : SessionQueryCmdlet
{
    private protected override void Tell(MonitorSession session) => WriteObject(new MonitorStatus(session));
}
