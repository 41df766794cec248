using System.Management.Automation;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>
/// Set-XenMemAccess: sets the permissions of a domain's pages until its session ends; then each page gets its previous
/// permissions back. Pages from the pipeline are set together, thousands in one call.
/// </summary>
[Cmdlet(VerbsCommon.Set, "XenMemAccess", SupportsShouldProcess = true)]
[OutputType(typeof(MemAccessEntry))]
public sealed class SetXenMemAccessCommand : SessionCmdlet
{
    /// <summary>The number of pages set with one call to Xen.</summary>
    private const ulong PagesPerCall = 4096;

    private readonly Dictionary<(XenDomain Domain, ushort View), List<MemAccessRange>> _collected = [];
    private ulong _pages;

    /// <summary>
    /// The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain or Get-XenMemAccess returns.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The pages, as in 0x400 or 0x400-0x43f.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [GfnTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    public GfnRange[] Gfn { get; set; } = [];

    /// <summary>The guest's remaining permissions.</summary>
    [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true)]
    public MemAccess Access { get; set; }

    /// <summary>
    /// The view of the domain's memory; 0 is the host's own, whose permissions hold in every view in which the page has
    /// none of its own.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ViewCompleter))]
    public ushort View { get; set; }

    /// <summary>Return the pages with their new permissions.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        ForEachDomain(Domain, IsGuest, domain =>
        {
            if (!_collected.TryGetValue((domain, View), out List<MemAccessRange>? ranges)) _collected[(domain, View)] = ranges = [];
            foreach (GfnRange range in Gfn)
            {
                ranges.Add(new MemAccessRange(range, Access));
                _pages += range.Count;
            }
        });
        if (_pages >= PagesPerCall) SetCollected();
    }

    /// <inheritdoc/>
    protected override void EndProcessing() => SetCollected();

    private void SetCollected()
    {
        foreach (((XenDomain domain, ushort view), List<MemAccessRange> ranges) in _collected)
        {
            string where = view == 0 ? "" : $" in view {view}";
            string what = $"Set the access of {string.Join(", ", ranges.GroupBy(r => r.Access).Select(Describe))}{where}";
            Report(domain, () =>
            {
                if (!ShouldProcess(domain.ToString(), what)) return;
                UseSession(domain, session => session.SetMemAccess(ranges, view));
                if (!PassThru) return;
                foreach (MemAccessRange range in ranges) WriteObject(new MemAccessEntry(domain, view, range));
            });
        }

        _collected.Clear();
        _pages = 0;
        WarnOfGuards();
    }

    private static string Describe(IGrouping<MemAccess, MemAccessRange> pages)
    {
        ulong count = 0;
        foreach (MemAccessRange range in pages) count += range.Gfn.Count;
        return count == 1 ? $"the page {pages.First().Gfn} to {pages.Key}" : $"{count} pages to {pages.Key}";
    }
}
