using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using Xunit;

namespace XenVmEvent.Tests.Xen;

/// <summary>The bytes of <c>xen_sysctl_physinfo</c>, by hand.</summary>
public sealed class PhysicalInfoTests
{
    /// <summary>112 bytes in Xen 4.17 to 4.22.</summary>
    [Fact]
    public void There_is_room_for_what_Xen_writes() => Assert.True(Unsafe.SizeOf<PhysicalInfo>() >= 112);

    [Theory]
    [InlineData(12, 76, 1 << 5, Virtualization.VTx)]
    [InlineData(16, 76, 1 << 5, Virtualization.VTx)]
    [InlineData(17, 84, 1 << 5, Virtualization.VTx)]
    [InlineData(22, 84, 1 << 5, Virtualization.VTx)]
    [InlineData(12, 84, 1 << 2, Virtualization.Svm)]
    [InlineData(17, 92, 1 << 2, Virtualization.Svm)]
    [InlineData(17, 84, 1 << 2, Virtualization.None)]
    public void The_processors_extension_is_where_the_release_has_it(int minor, int offset, int word, Virtualization expected) =>
        Assert.Equal(expected, With(offset, word).Virtualization(new XenVersion(4, minor)));

    [Theory]
    [InlineData(1, true, false)]
    [InlineData(9, true, true)]
    [InlineData(2, false, false)]
    public void Capabilities_are_bits(int word, bool hvm, bool nestedPaging)
    {
        PhysicalInfo info = With(28, word);
        Assert.Equal(hvm, info.HasHvm);
        Assert.Equal(nestedPaging, info.HasNestedPaging(new XenVersion(4, 17)));
        Assert.Null(info.HasNestedPaging(new XenVersion(4, 12)));
    }

    private static PhysicalInfo With(int offset, int word)
    {
        PhysicalInfo info = default;
        MemoryMarshal.Write(MemoryMarshal.AsBytes(new Span<PhysicalInfo>(ref info))[offset..], word);
        return info;
    }
}
