using XenVmEvent.Events;
using XenVmEvent.Symbols;
using Xunit;

namespace XenVmEvent.Tests.Symbols;

public sealed class SymbolMapTests
{
    private const string SystemMap = """
        0000000000000000 D __per_cpu_start
        ffffffff81000000 T _stext
        ffffffff81000000 T _text
        ffffffff81000040 t early_setup_idt
        ffffffff81002000 D some_data
        ffffffff81003000 T last_code
        ffffffff81004000 B _end
        """;

    [Theory]
    [InlineData(0xffffffff81000000, "_stext")]
    [InlineData(0xffffffff8100003f, "_stext+0x3f")]
    [InlineData(0xffffffff81000040, "early_setup_idt")]
    [InlineData(0xffffffff81000041, "early_setup_idt+0x1")]
    [InlineData(0xffffffff81002001, null)] // data
    [InlineData(0xffffffff81003fff, "last_code+0xfff")]
    [InlineData(0xffffffff81004000, null)]
    [InlineData(0xffffffffffffffff, null)] // behind all of it
    [InlineData(0x1000, null)]
    public void Code_is_found_by_any_of_its_addresses(ulong address, string? expected) =>
        Assert.Equal(expected, SymbolMaps.Of(SystemMap).Find(address));

    [Fact]
    public void What_kallsyms_shows_of_modules_has_the_modules_name() =>
        Assert.Equal("ext4_read [ext4]+0x4", SymbolMaps.Of("ffffffffc0000000 t ext4_read\t[ext4]\nffffffffc0001000 t ext4_end\t[ext4]").Find(0xffffffffc0000004));

    [Theory]
    [InlineData(0xffffffff81000000, "only")]
    [InlineData(0xffffffff81000fff, "only+0xfff")]
    [InlineData(0xffffffff81001000, null)]
    public void The_last_symbol_reaches_a_page_far(ulong address, string? expected) =>
        Assert.Equal(expected, SymbolMaps.Of("ffffffff81000000 T only").Find(address));

    [Theory]
    [InlineData("$x")]
    [InlineData("$d")]
    [InlineData("$x.12")]
    [InlineData(".Lloop")]
    public void Labels_of_the_assembler_are_no_names(string label)
    {
        SymbolMap map = SymbolMaps.Of($"ffff800080000000 t {label}\nffff800080000000 T func\nffff800080000010 t {label}\nffff800080000020 T next");
        Assert.Equal("func", map.Find(0xffff800080000000));
        Assert.Equal("func+0x18", map.Find(0xffff800080000018));
        Assert.Equal(2, map.Count);
    }

    [Theory]
    [InlineData("                 U printk")]
    [InlineData("                 w __cxa_finalize")]
    [InlineData("U bare")]
    public void What_nm_gives_no_address_is_left_out(string line) =>
        Assert.Equal("func+0x1", SymbolMaps.Of($"{line}\nffffffff81000000 T func").Find(0xffffffff81000001));

    [Theory]
    [InlineData("ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package")]
    [InlineData("ffffffff81000000 D data\nffffffff81000010 B bss")]
    public void A_map_without_code_is_refused_with_where_a_real_one_is(string text) =>
        Assert.Contains("/usr/lib/debug/boot/System.map", Assert.Throws<FormatException>(() => SymbolMaps.Of(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("not a map")]
    [InlineData("zz T name")]
    [InlineData("0000000000000000 T hidden\n0000000000000000 T also_hidden")]
    public void What_is_no_map_is_refused(string text) => Assert.Throws<FormatException>(() => SymbolMaps.Of(text));

    [Theory]
    [InlineData("early_setup_idt", 0xffffffff81000040, 0xffffffff81001fff)]
    [InlineData("last_code", 0xffffffff81003000, 0xffffffff81003fff)]
    public void Names_have_the_addresses_at_which_they_are_found(string name, ulong first, ulong last) =>
        Assert.Equal([new AddressRange(first, last)], SymbolMaps.Of(SystemMap).RangesOf(name, _ => false));

    [Fact]
    public void Data_has_no_addresses_of_code_and_code_of_modules_is_found_with_and_without_its_module()
    {
        Assert.Equal(XenErrorId.InvalidArgument, Assert.Throws<XenException>(() => SymbolMaps.Of(SystemMap).RangesOf("some_data", _ => false)).Id);
        SymbolMap kallsyms = SymbolMaps.Of("ffffffffc0000000 t ext4_read\t[ext4]\nfffffffffffffff0 t last");
        Assert.Equal([new AddressRange(0xffffffffc0000000, 0xffffffffffffffef)], kallsyms.RangesOf("ext4_read [ext4]", _ => false));
        Assert.Equal(kallsyms.RangesOf("ext4_read [ext4]", _ => false), kallsyms.RangesOf("ext4_read", _ => false));
        Assert.Equal([new AddressRange(0xfffffffffffffff0, ulong.MaxValue)], kallsyms.RangesOf("last", _ => false));
    }
}
