using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>
/// Watch-XenMemAccess: writes an event when a guest reads, writes or executes a page. After its first access a page
/// gets its permissions back, unless -Repeat is given.
/// </summary>
[Cmdlet(VerbsCommon.Watch, "XenMemAccess", SupportsShouldProcess = true)]
[OutputType(typeof(MemAccessEvent))]
public sealed class WatchXenMemAccessCommand : WatchCmdlet
{
    /// <summary>
    /// The accesses to watch: Read, Write, Execute. Without it, no page is restricted: the watch shows accesses that
    /// violate permissions from Set-XenMemAccess or from other watches.
    /// </summary>
    [Parameter(Position = 1)]
    public PageAccess Access { get; set; }

    /// <summary>
    /// The pages, as in 0x400 or 0x400-0x43f. Without it, all pages that the domain has now or gets later.
    /// </summary>
    [Parameter]
    [GfnTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    public GfnRange[] Gfn { get; set; } = [];

    /// <summary>
    /// Keep pages watched after their first access; Xen emulates the instructions that access them. If Xen cannot
    /// emulate one, the page is not watched for a millisecond.
    /// </summary>
    [Parameter]
    public SwitchParameter Repeat { get; set; }

    /// <summary>
    /// The view in which to restrict the pages. New-XenMemoryView must have made it. With -Repeat a stopped vCPU
    /// executes its instruction in view 0 and comes back.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ViewCompleter))]
    public ushort View { get; set; }

    /// <summary>
    /// Accesses by the processor's page table walks raise no events. This applies to all watches of the domain.
    /// </summary>
    [Parameter]
    public SwitchParameter IgnorePageWalks { get; set; }

    /// <summary>
    /// Only accesses to these linear addresses, as in 0xffff888000400000-0xffff88800043ffff. A page stays watched until
    /// an access to it is shown.
    /// </summary>
    [Parameter]
    [AddressTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressRange[] LinearAddress { get; set; } = [];

    private protected override string Action => Access == PageAccess.None ? "Watch page access" : $"Watch {Access} access";

    private protected override EventWatch CreateWatch() => new()
    {
        Kinds = [VmEventKind.MemAccess],
        Pages = new PageWatch { Access = Access, Ranges = Gfn, Repeat = Repeat, View = View, IgnorePageWalks = IgnorePageWalks },
    };

    private protected override EventSelection CreateSelection() => new() { LinearAddresses = LinearAddress };

    /// <inheritdoc/>
    protected override void BeginProcessing() => Require(Access, () =>
    {
        if (MyInvocation.BoundParameters.ContainsKey(nameof(Access)) && Access == PageAccess.None)
        {
            throw new XenException(XenErrorId.InvalidArgument, "No access to watch was named.", "Name one or more of Read, Write and Execute.");
        }
    });
}
