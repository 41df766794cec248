using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Switch-XenMemoryView: switches all vCPUs of a domain to a view of its memory.</summary>
[Cmdlet(VerbsCommon.Switch, "XenMemoryView", SupportsShouldProcess = true)]
[OutputType(typeof(MemoryView))]
public sealed class SwitchXenMemoryViewCommand : ViewCmdlet
{
    /// <summary>Return the view.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsMonitored, domain =>
    {
        if (!ShouldProcess(domain.ToString(), $"Switch to view {View} of its memory")) return;
        MonitorSession session = XenHost.GetSession(domain);
        session.SwitchToView(View);
        if (PassThru) WriteObject(session.GetViews().First(view => view.View == View));
    });
}
