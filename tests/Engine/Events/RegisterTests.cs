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
        foreach (PropertyInfo property in typeof(X86Registers).GetProperties().Where(p => Enum.IsDefined(typeof(VmEventField), p.Name)))
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

    [Fact]
    public void A_segments_attributes_are_those_that_its_descriptor_has() => Properties.Hold<ulong>(1000, descriptor =>
    {
        // As in the descriptor table, where the limit's upper bits lie between P and AVL.
        uint high = (uint)(descriptor >> 32);
        uint attributes = (high >> 8 & 0xff) | (high >> 12 & 0xf00);
        uint limit = (uint)(descriptor & 0xffff) | (high & 0xf_0000);
        var segment = new X86Segment(8, 0, attributes << 20 | limit);
        Assert.Equal((high >> 8 & 0xf, high >> 13 & 3), (segment.Type, segment.PrivilegeLevel));
        Assert.Equal(
            ((high & 1 << 12) != 0, (high & 1 << 15) != 0, (high & 1 << 20) != 0, (high & 1 << 21) != 0, (high & 1 << 22) != 0, (high & 1 << 23) != 0),
            (segment.IsCodeOrData, segment.IsPresent, segment.IsAvailable, segment.IsLong, segment.IsBig, segment.IsGranular));
        Assert.Equal(segment.IsGranular ? limit << 12 | 0xfff : limit, segment.Limit);
    });

    [Theory]
    [InlineData(0, 0, 0x09bu, X86Mode.Real)]
    [InlineData(0, 0x500, 0xa9bu, X86Mode.Real)]
    [InlineData(1, 0, 0x09bu, X86Mode.Bits16)]
    [InlineData(1, 0, 0xc9bu, X86Mode.Bits32)]
    [InlineData(1, 0x100, 0xc9bu, X86Mode.Bits32)]
    [InlineData(0x8000_0001, 0x500, 0xa9bu, X86Mode.Bits64)]
    [InlineData(0x8000_0001, 0x500, 0xc9bu, X86Mode.Bits32)]
    [InlineData(0x8000_0001, 0x500, 0x09bu, X86Mode.Bits16)]
    [InlineData(0x8000_0001, 0x100, 0x29bu, X86Mode.Bits16)]
    public void The_mode_follows_from_cr0_efer_and_the_code_segment(ulong cr0, ulong efer, uint codeAttributes, X86Mode mode)
    {
        for (int version = VmEventLayout.OldestVersion; version <= VmEventLayout.NewestVersion; version++)
        {
            VmEvent one = new Requests(version).Event(
                VmEventKind.Cpuid,
                (VmEventField.Cr0, cr0),
                (VmEventField.MsrEfer, efer),
                (VmEventField.CsDescriptor, codeAttributes << 20 | 0xfffff),
                (VmEventField.CsAccessRights, codeAttributes));
            var registers = (X86Registers)one.Registers;
            Assert.Equal((mode, codeAttributes), (registers.Mode, registers.Cs.Attributes));
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void The_privilege_level_is_that_of_the_stack_or_where_there_is_none_of_the_code(int version)
    {
        VmEvent one = new Requests(version).Event(
            VmEventKind.GuestRequest, (VmEventField.SsDescriptor, 0xcf3f_ffff), (VmEventField.CsDescriptor, 0xa9bf_ffff), (VmEventField.CsAccessRights, 0xafb));
        Assert.Equal(3, ((X86Registers)one.Registers).PrivilegeLevel);
        Assert.Equal(0, ((X86Registers)new Requests(version).Event(VmEventKind.GuestRequest).Registers).PrivilegeLevel);
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
