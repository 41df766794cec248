using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Policy;
using XenVmEvent.Tests.Events;
using Xunit;

namespace XenVmEvent.Tests.Policy;

/// <summary>What expressions mean, and which make no sense.</summary>
public sealed class ExpressionTests
{
    [Theory]
    [InlineData("leaf == 1", true)]
    [InlineData("leaf = 1", null)]
    [InlineData("leaf != 1", false)]
    [InlineData("LEAF == 0x1", true)]
    [InlineData("leaf == 1 and subleaf == 3", false)]
    [InlineData("leaf == 1 or subleaf == 3", true)]
    [InlineData("leaf == 2 || leaf == 1 && subleaf == 2", true)]
    [InlineData("not leaf == 2", true)]
    [InlineData("!(leaf == 1)", false)]
    [InlineData("not not leaf == 1", true)]
    [InlineData("rax & 0xf0 == 0x50", true)]
    [InlineData("rax & 0xf0 != 0", true)]
    [InlineData("rax >> 4 == 5", true)]
    [InlineData("1 << 64 == rbx", true)]
    [InlineData("rax | 0x0a == 0x5b", true)]
    [InlineData("rax ^ rax == 0 and rcx == 0xffff_ffff_ffff_ffff", true)]
    [InlineData("~rcx == 0", true)]
    [InlineData("-1 == rcx", true)]
    [InlineData("rax + 2 * 3 == 0x57", true)]
    [InlineData("(rax + 2) * 3 == 0xf9", true)]
    [InlineData("rax - 1 - 1 == 0x4f", true)]
    [InlineData("rcx > rax", true)]
    [InlineData("rax <= 0x51 and rax >= 0x51 and rax < 0x52", true)]
    [InlineData("rax in 0x50..0x5f", true)]
    [InlineData("rax in [1, 2, 0x51]", true)]
    [InlineData("rax in (1, 3..5)", false)]
    [InlineData("rax not in [1, 3..5]", true)]
    [InlineData("rax in rbx..rcx", true)]
    [InlineData("vcpu == 3", true)]
    [InlineData("view == 0", true)]
    [InlineData("true or leaf == 2", true)]
    public void A_condition_holds_or_not(string text, bool? holds)
    {
        VmEvent vmEvent = new Requests(7).Event(
            VmEventKind.Cpuid, (VmEventField.CpuidLeaf, 1), (VmEventField.CpuidSubleaf, 2), (VmEventField.Rax, 0x51), (VmEventField.Rcx, ulong.MaxValue), (VmEventField.VCpuId, 3));
        if (holds is null) Assert.Throws<ExpressionException>(() => Condition(text));
        else Assert.Equal(holds, Condition(text).Holds(vmEvent.Request));
    }

    [Theory]
    [InlineData(VmEventKind.MemAccess, "access & write != 0 and gfn == 0x400 and linearAddress == 0x1000")]
    [InlineData(VmEventKind.DescriptorAccess, "descriptor == idtr and isWrite")]
    [InlineData(VmEventKind.Io, "port == 0x70 and not isIn")]
    [InlineData(VmEventKind.MovToMsr, "msr == IA32_LSTAR and msr == lstar_ or msr in [IA32_LSTAR, 0x175]")]
    public void Each_kind_has_its_fields_and_names(VmEventKind kind, string text)
    {
        VmEvent vmEvent = new Requests(7).Event(kind);
        vmEvent = kind switch
        {
            VmEventKind.MemAccess => new Requests(7).Event(kind, (VmEventField.MemAccessFlags, 2), (VmEventField.MemAccessGfn, 0x400), (VmEventField.MemAccessGla, 0x1000)),
            VmEventKind.DescriptorAccess => new Requests(7).Event(kind, (VmEventField.Descriptor, 1), (VmEventField.DescriptorIsWrite, 1)),
            VmEventKind.Io => new Requests(7).Event(kind, (VmEventField.IoPort, 0x70)),
            _ => new Requests(7).Event(kind, (VmEventField.Msr, 0xc000_0082)),
        };
        Assert.True(ExpressionParser.ParseCondition(text.Replace("lstar_", "IA32_LSTAR", StringComparison.Ordinal), EventFields.Of(kind), symbols: null).Holds(vmEvent.Request));
    }

    [Theory]
    [InlineData("", 0, "ends where a number")]
    [InlineData("leaf", 0, "a number, not a condition")]
    [InlineData("1 == 1", 0, "the same for every event")]
    [InlineData("leaf == 1 subleaf", 10, "an operator or the end was expected, not 'subleaf'")]
    [InlineData("laef == 1", 0, "did you mean 'leaf'?")]
    [InlineData("newValue == 1", 0, "neither a field of Cpuid events nor a register")]
    [InlineData("leaf == 1 == 1", 10, "a comparison has two sides")]
    [InlineData("leaf == 0x1g", 8, "'0x1g' is not a number")]
    [InlineData("leaf == 0x10000000000000000", 8, "not a number of 64 bits")]
    [InlineData("leaf = 1", 5, "'==' compares")]
    [InlineData("leaf == 1 and 2", 15, "A condition was expected here")]
    [InlineData("leaf in 5..1", 8, "The range has no numbers")]
    [InlineData("leaf in [1, 2", 13, "',' or ']'")]
    [InlineData("(leaf == 1", 10, "')'")]
    [InlineData("leaf == \"a\"", 8, "belongs to no expression")]
    [InlineData("leaf == (1 == 1)", 16, "A number was expected")]
    public void What_makes_no_sense_is_refused_where_it_stands(string text, int position, string message)
    {
        ExpressionException e = Assert.Throws<ExpressionException>(() => Condition(text));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Equal(position, e.Position);
    }

    [Fact]
    public void Depth_and_length_are_bounded()
    {
        Assert.Contains("deep", Assert.Throws<ExpressionException>(() => Condition(new string('(', 1000) + "leaf == 1")).Message, StringComparison.Ordinal);
        Assert.Contains("deep", Assert.Throws<ExpressionException>(() => Condition(new string('!', 1000) + "(leaf == 1)")).Message, StringComparison.Ordinal);
        Assert.Contains("deep", Assert.Throws<ExpressionException>(() => Condition(new string('~', 1000) + "leaf == 1")).Message, StringComparison.Ordinal);
        Assert.Contains("characters", Assert.Throws<ExpressionException>(() => Condition(new string(' ', 5000) + "leaf == 1")).Message, StringComparison.Ordinal);

        // The longest chain that fits is walked without harm.
        string chain = string.Join(" or ", Enumerable.Repeat("leaf==1", 370));
        Assert.True(Condition(chain).Holds(new Requests(7).Event(VmEventKind.Cpuid, (VmEventField.CpuidLeaf, 1)).Request));
    }

    private static Expression Condition(string text) => ExpressionParser.ParseCondition(text, EventFields.Of(VmEventKind.Cpuid), symbols: null);
}
