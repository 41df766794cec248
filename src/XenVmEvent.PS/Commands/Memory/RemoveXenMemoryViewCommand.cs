using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>Remove-XenMemoryView: removes a view of a domain's memory that has no vCPU in it.</summary>
[Cmdlet(VerbsCommon.Remove, "XenMemoryView", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RemoveXenMemoryViewCommand : ViewCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsMonitored, domain =>
    {
        if (ShouldProcess(domain.ToString(), $"Remove view {View} of its memory")) XenHost.GetSession(domain).RemoveView(View);
    });
}
