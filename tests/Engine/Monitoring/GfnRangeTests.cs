using FsCheck.Fluent;
using XenVmEvent.Monitoring;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

public class GfnRangeTests
{
    [Theory]
    [InlineData("0x400", 0x400, 0x400)]
    [InlineData("1024", 0x400, 0x400)]
    [InlineData("0X4aF-0x4B0", 0x4af, 0x4b0)]
    [InlineData(" 0x400 - 1087 ", 0x400, 0x43f)]
    [InlineData("0-0xffffffffffffffff", 0, ulong.MaxValue)]
    public void Numbers_are_read_as_people_write_them(string text, ulong first, ulong last) =>
        Assert.Equal(new GfnRange(first, last), GfnRange.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("0x")]
    [InlineData("0x-0x4")]
    [InlineData("4-")]
    [InlineData("-4")]
    [InlineData("1-2-3")]
    [InlineData("0x1g")]
    [InlineData("4.0")]
    [InlineData("+4")]
    [InlineData("0x 4")]
    [InlineData("0x10000000000000000")]
    [InlineData("web01")]
    [InlineData("0x43f-0x400")]
    public void Anything_else_is_refused_with_what_it_was(string text)
    {
        XenException error = Hosts.Refused(XenErrorId.InvalidGfn, () => GfnRange.Parse(text));
        Assert.Contains($"'{text}'", error.Message, StringComparison.Ordinal);
        Hosts.Refused(XenErrorId.InvalidGfn, () => GfnRange.ParseList($"0x400,{text}"));
    }

    [Fact]
    public void Any_list_of_ranges_reads_as_it_was_written() => Properties.Hold(
        Gen.NonEmptyListOf(ArbMap.Default.GeneratorFor<ulong>().Two()),
        300,
        ends =>
        {
            GfnRange[] ranges = [.. ends.Select(e => new GfnRange(Math.Min(e.Item1, e.Item2), Math.Max(e.Item1, e.Item2)))];
            Assert.Equal(ranges, GfnRange.ParseList(string.Join(",", ranges)));
            Assert.Equal(ranges, GfnRange.ParseList(string.Join(" , ", ranges.Select(r => $"{r.First}-{r.Last}"))));
            Assert.All(ranges, r => Assert.True(r.Contains(r.First) && r.Contains(r.Last)));
            Assert.All(ranges.Where(r => r.First > 0), r => Assert.False(r.Contains(r.First - 1)));
            Assert.All(ranges.Where(r => r.Last < ulong.MaxValue), r => Assert.False(r.Contains(r.Last + 1)));
        });

    [Fact]
    public void No_text_brings_it_down() => Properties.Hold<string?>(
        500,
        text =>
        {
            if (text is null) return;
            try
            {
                Assert.NotEmpty(GfnRange.ParseList(text));
            }
            catch (XenException e)
            {
                Assert.Equal(XenErrorId.InvalidGfn, e.Id);
            }
        });
}
