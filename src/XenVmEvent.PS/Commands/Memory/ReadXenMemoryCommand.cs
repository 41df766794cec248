using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Memory;

namespace XenVmEvent.PS;

/// <summary>
/// Read-XenMemory: reads bytes of a guest's memory by guest physical address, by page, or by linear address through a
/// vCPU's page tables. The guest need not be monitored, and notices nothing.
/// </summary>
[Cmdlet(VerbsCommunications.Read, "XenMemory", DefaultParameterSetName = ByAddress)]
[OutputType(typeof(byte[]))]
public sealed class ReadXenMemoryCommand : DomainCmdlet
{
    private const string ByAddress = "Physical";
    private const string ByVirtualAddress = "Virtual";
    private const string ByPage = "Page";
    private const int PageSize = SharedMemory.PageSize;
    private const int MostBytes = 1 << 28;

    /// <summary>The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain returns.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>The guest physical address of the first byte.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ByAddress)]
    [BitPatternTransformation]
    public ulong Address { get; set; }

    /// <summary>The linear address of the first byte, as the guest's own code uses it (x86).</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByVirtualAddress)]
    [BitPatternTransformation]
    public ulong VirtualAddress { get; set; }

    /// <summary>The vCPU whose page tables translate the address.</summary>
    [Parameter(ParameterSetName = ByVirtualAddress)]
    [ArgumentCompleter(typeof(VCpuCompleter))]
    public uint VCpu { get; set; }

    /// <summary>The page: a guest frame number.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPage, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NoCompleter))]
    public ulong Gfn { get; set; }

    /// <summary>The offset in the page.</summary>
    [Parameter(ParameterSetName = ByPage, ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, PageSize - 1)]
    public int Offset { get; set; }

    /// <summary>How many bytes to read, across pages. The default is 256; with a page, the rest of the page.</summary>
    [Parameter(Position = 2)]
    [ValidateRange(1, MostBytes)]
    public int Length { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsGuest, domain =>
    {
        using IDomainMemory memory = XenHost.Current.OpenMemory(domain);
        byte[] bytes = ParameterSetName switch
        {
            ByVirtualAddress => memory.ReadVirtual(VCpu, VirtualAddress, BytesToRead()),
            ByPage => memory.ReadPage(Gfn, Offset, BytesToRead()),
            _ => memory.ReadPhysical(Address, BytesToRead()),
        };
        WriteObject(bytes);
    });

    private int BytesToRead()
    {
        const int few = 256;
        if (MyInvocation.BoundParameters.ContainsKey(nameof(Length))) return Length;
        return ParameterSetName == ByPage ? PageSize - Offset : few;
    }
}
