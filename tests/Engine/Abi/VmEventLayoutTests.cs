using System.Text.Json;
using XenVmEvent.Abi;
using Xunit;

namespace XenVmEvent.Tests.Abi;

public class VmEventLayoutTests
{
    public static TheoryData<int> Versions => MeasuredLayouts.Versions;

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_field_lies_where_the_compiler_put_it(int version)
    {
        VmEventLayout layout = VmEventLayout.ForVersion(version);
        foreach (VmEventField field in Enum.GetValues<VmEventField>())
        {
            (int Offset, int Size)? measured = MeasuredLayouts.FieldOf(version, field);
            Assert.True(measured is not null == layout.Has(field), $"{field} in version {version}");
            if (measured is not { } place) continue;
            Assert.True(place.Offset == layout.OffsetOf(field), $"{field} in version {version} is at {place.Offset}");

            if (field is VmEventField.EmulReadData or VmEventField.EmulInsnData) continue;

            // The newest header made CPSR 8 bytes wide; the upper half is not used.
            int size = field == VmEventField.ArmCpsr ? 4 : place.Size;
            Assert.True(size == layout.WidthOf(field), $"{field} in version {version} takes {place.Size} bytes");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_request_is_as_large_as_the_compiler_made_it(int version)
    {
        VmEventLayout layout = VmEventLayout.ForVersion(version);
        Assert.Equal(version, layout.Version);
        Assert.Equal(MeasuredLayouts.Of(version).GetProperty("sizeof").GetInt32(), layout.Size);
        Assert.True(layout.Size <= VmEventLayout.LargestSize);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_page_holds_as_many_requests_as_measured(int version)
    {
        using var page = SharedMemory.Allocate(SharedMemory.PageSize);
        var ring = new BackRing(page, VmEventLayout.ForVersion(version), answered: true);
        Assert.Equal(MeasuredLayouts.Of(version).GetProperty("ring_entries_per_4096").GetInt32(), ring.Entries);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_reason_has_the_number_of_its_kind(int version)
    {
        var names = new Dictionary<string, VmEventKind>
        {
            ["WRITE_CTRLREG"] = VmEventKind.WriteControlRegister,
            ["MOV_TO_MSR"] = VmEventKind.MovToMsr,
            ["SINGLESTEP"] = VmEventKind.SingleStep,
            ["VMEXIT"] = VmEventKind.VmExit,
            ["IO_INSTRUCTION"] = VmEventKind.Io,
        };
        foreach (JsonProperty reason in MeasuredLayouts.Of(version).GetProperty("reasons").EnumerateObject())
        {
            string name = reason.Name["VM_EVENT_REASON_".Length..];
            VmEventKind kind = names.TryGetValue(name, out VmEventKind found)
                ? found
                : Enum.Parse<VmEventKind>(name.Replace("_", ""), ignoreCase: true);
            Assert.Equal(reason.Value.GetInt32(), (int)kind);
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_flag_has_the_bit_of_its_name(int version)
    {
        foreach (JsonProperty flag in MeasuredLayouts.Of(version).GetProperty("flags_bit").EnumerateObject())
        {
            string name = flag.Name["VM_EVENT_FLAG_".Length..].Replace("_", "");
            Assert.Equal(1u << flag.Value.GetInt32(), (uint)Enum.Parse<VmEventFlags>(name, ignoreCase: true));
        }
    }

    [Theory]
    [InlineData(int.MinValue)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(int.MaxValue)]
    public void An_interface_version_that_is_not_known_is_refused_with_its_number(int version)
    {
        XenException error = Assert.Throws<XenException>(() => VmEventLayout.ForVersion(version));
        Assert.Equal(XenErrorId.UnknownInterfaceVersion, error.Id);
        Assert.Contains(version.ToString(), error.Message, StringComparison.Ordinal);
    }
}
