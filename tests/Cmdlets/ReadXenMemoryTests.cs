using System.Management.Automation;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

public sealed class ReadXenMemoryTests : CmdletTest
{
    private const ulong CpuidCode = 0xffff_ffff_8101_6120;

    [Fact]
    public void The_same_bytes_are_there_by_physical_address_by_page_and_by_virtual_address()
    {
        byte[] physical = Read(Pipeline.Of<ReadXenMemoryCommand>("web01", 0x16120UL).With("Length", 2));
        byte[] page = Read(Pipeline.Of<ReadXenMemoryCommand>("web01").With("Gfn", 0x16UL).With("Offset", 0x120).With("Length", 2));
        byte[] seen = Read(Pipeline.Of<ReadXenMemoryCommand>("web01").With("VirtualAddress", CpuidCode).With("VCpu", 1U).With("Length", 2));
        Assert.Equal([0x0f, 0xa2], physical);
        Assert.Equal(physical, page);
        Assert.Equal(physical, seen);
        AssertFree("web01");
    }

    [Fact]
    public void Without_a_length_it_is_256_bytes_or_what_is_left_of_a_page()
    {
        Assert.Equal(256, Read(Pipeline.Of<ReadXenMemoryCommand>("web01", 0x1000UL)).Length);
        Assert.Equal(96, Read(Pipeline.Of<ReadXenMemoryCommand>("web01").With("Gfn", 1UL).With("Offset", 4000)).Length);
    }

    [Fact]
    public void What_is_not_there_is_an_error()
    {
        Refused(Pipeline.Of<ReadXenMemoryCommand>("web01", ulong.MaxValue).Run(), XenErrorId.InvalidGfn, ErrorCategory.InvalidArgument);
        Refused(Pipeline.Of<ReadXenMemoryCommand>("web01").With("VirtualAddress", 0x1000UL).Run(), XenErrorId.InvalidGfn, ErrorCategory.InvalidArgument);
        Refused(Pipeline.Of<ReadXenMemoryCommand>("web01").With("Gfn", ulong.MaxValue).Run(), XenErrorId.InvalidGfn, ErrorCategory.InvalidArgument);
        Refused(
            Pipeline.Of<ReadXenMemoryCommand>("web01").With("VirtualAddress", CpuidCode).With("VCpu", 7U).Run(),
            XenErrorId.InvalidVCpu,
            ErrorCategory.InvalidArgument);
    }

    private static byte[] Read(Pipeline pipeline) => Assert.Single(pipeline.Run().OutputOf<byte[]>());
}
