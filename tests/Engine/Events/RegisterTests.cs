using System.Reflection;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using Xunit;

namespace XenVmEvent.Tests.Events;

public class RegisterTests
{
    public static TheoryData<int> Versions => [.. Enumerable.Range(VmEventLayout.OldestVersion, 6)];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_register_shows_its_own_field_where_the_version_has_it(int version)
    {
        var requests = new Requests(version);
        foreach (PropertyInfo property in typeof(X86Registers).GetProperties().Where(p => p.PropertyType != typeof(X86Segment)))
        {
            VmEventField field = Enum.Parse<VmEventField>(property.Name);
            const ulong Value = 0x1122_3344_5566_7788;
            VmEvent one = requests.Event(VmEventKind.GuestRequest, (field, Value));
            ulong expected = !requests.Layout.Has(field) ? 0 : requests.Layout.WidthOf(field) == 8 ? Value : Value & 0xffff;
            Assert.True(expected == Convert.ToUInt64(property.GetValue(one.Registers)), property.Name);
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_segment_shows_its_own_fields_where_the_version_has_them(int version)
    {
        foreach (PropertyInfo property in typeof(X86Registers).GetProperties().Where(p => p.PropertyType == typeof(X86Segment)))
        {
            VmEventField Field(string part) => Enum.Parse<VmEventField>(property.Name + part);
            VmEvent one = new Requests(version).Event(
                VmEventKind.GuestRequest,
                (Field("Selector"), 0x2b),
                (Field("Base"), 0x7654_3210),
                (Field("Descriptor"), 0xc93f_ffff));
            bool isWide = property.Name is "Fs" or "Gs";
            X86Segment expected = version >= 4 ? new(0x2b, 0x7654_3210, 0xc93f_ffff) : new(0, isWide ? 0x7654_3210UL : 0, 0);
            Assert.Equal(expected, property.GetValue(one.Registers));
        }
    }

    [Theory]
    [InlineData(0xc93f_ffffu, 0xffff_ffffu, 0xc93u)]
    [InlineData(0x493f_ffffu, 0x000f_ffffu, 0x493u)]
    [InlineData(0x8930_0000u, 0x0000_0fffu, 0x893u)]
    [InlineData(0x08b0_0067u, 0x0000_0067u, 0x08bu)]
    public void A_segment_with_granularity_counts_its_limit_in_pages(uint packed, uint limit, uint attributes)
    {
        var segment = new X86Segment(0x10, 0, packed);
        Assert.Equal(limit, segment.Limit);
        Assert.Equal(attributes, segment.Attributes);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void An_arm_vcpu_shows_arms_registers(int version)
    {
        VmEvent one = new Requests(version, GuestArchitecture.Arm64).Event(
            VmEventKind.PrivilegedCall,
            (VmEventField.ArmPc, 0xffff_8000_1234_5678),
            (VmEventField.ArmCpsr, 0x6000_03c5),
            (VmEventField.ArmTtbr0, 1),
            (VmEventField.ArmTtbr1, 2),
            (VmEventField.ArmTtbcr, 3));
        var registers = Assert.IsType<ArmRegisters>(one.Registers);
        Assert.Equal(0xffff_8000_1234_5678, one.InstructionPointer);
        Assert.Equal((one.InstructionPointer, 0x6000_03c5u, 1UL, 2UL, 3UL), (registers.Pc, registers.Cpsr, registers.Ttbr0, registers.Ttbr1, registers.Ttbcr));
    }
}
