using System.Management.Automation;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>Get-XenDomain: gets the domains of the host, dom0 included.</summary>
[Cmdlet(VerbsCommon.Get, "XenDomain")]
[OutputType(typeof(XenDomain))]
public sealed class GetXenDomainCommand : DomainCmdlet
{
    /// <summary>The domains: ids, names with or without wildcards, uuids. Without it, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name", "Id", "Uuid")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [new("*")];

    private protected override bool MayMatchNone => true;

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsAny, domain => WriteObject(domain.WithState(XenHost.Current.StateOf(domain))));
}
