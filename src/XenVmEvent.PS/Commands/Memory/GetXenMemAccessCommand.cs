using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>
/// Get-XenMemAccess: gets the permissions of a domain's pages, one object for each run of pages with the same
/// permissions. A domain without a session gets one briefly, because Xen tells only a listener.
/// </summary>
[Cmdlet(VerbsCommon.Get, "XenMemAccess")]
[OutputType(typeof(MemAccessEntry))]
public sealed class GetXenMemAccessCommand : DomainCmdlet
{
    /// <summary>The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain returns.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>
    /// The pages, as in 0x400 or 0x400-0x43f. Without it, all pages of the domain, which takes one call per page.
    /// </summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [GfnTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    public GfnRange[] Gfn { get; set; } = [];

    /// <summary>The view of the domain's memory; 0 is the host's own.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ViewCompleter))]
    public ushort View { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsGuest, domain =>
    {
        MonitorSession session = XenHost.Join(domain, this, new MonitorOptions());
        try
        {
            Write(session);
        }
        finally
        {
            XenHost.Leave(session, this);
        }
    });

    private void Write(MonitorSession session)
    {
        foreach (MemAccessRange range in session.GetMemAccess(Gfn, View)) WriteObject(new MemAccessEntry(session.Domain, View, range));
    }
}
