using System.Management.Automation;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>
/// New-XenMemoryView: makes an altp2m view of a domain's memory with its own permissions. No vCPU is in it until
/// Switch-XenMemoryView. It is removed at the end of the session.
/// </summary>
[Cmdlet(VerbsCommon.New, "XenMemoryView", SupportsShouldProcess = true)]
[OutputType(typeof(MemoryView))]
public sealed class NewXenMemoryViewCommand : SessionCmdlet
{
    /// <summary>The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain returns.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The access of all pages in it. Default: as in view 0, the host's own.</summary>
    [Parameter(Position = 1)]
    public MemAccess Access { get; set; } = MemAccess.Default;

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsGuest, domain =>
    {
        if (!ShouldProcess(domain.ToString(), "Make a view of its memory")) return;
        MemoryView? view = null;
        UseSession(domain, session => view = session.CreateView(Access));
        WriteObject(view);
    });
}
