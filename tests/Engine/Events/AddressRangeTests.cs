using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Events;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Events;

public class AddressRangeTests
{
    [Theory]
    [InlineData("0xffffffff81a00000", 0xffffffff81a00000, 0xffffffff81a00000)]
    [InlineData("0X401000-0x401FFF", 0x401000, 0x401fff)]
    [InlineData(" 16 - 0x20 ", 16, 0x20)]
    [InlineData("0-18446744073709551615", 0, ulong.MaxValue)]
    public void Addresses_are_read_as_people_write_them(string text, ulong first, ulong last) =>
        Assert.Equal([new AddressRange(first, last)], AddressRange.ParseList(text));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("0x")]
    [InlineData("0x10000000000000000")]
    [InlineData("ffffffff81a00000")]
    [InlineData("0x2-0x1")]
    [InlineData("1,,2")]
    public void Anything_else_is_refused(string text) => Hosts.Refused(XenErrorId.InvalidArgument, () => AddressRange.ParseList(text));

    [Fact]
    public void An_address_is_found_where_one_of_the_ranges_has_it_and_not_where_it_was_left_out() => Properties.Hold(
        Gen.Zip(Ranges, Ranges),
        500,
        one =>
        {
            (AddressRange[] wanted, AddressRange[] excluded) = one;
            AddressRange[] merged = AddressRange.Merge(wanted);
            IReadOnlyList<AddressRange> left = [];
            try
            {
                left = AddressRange.Except(wanted, excluded);
            }
            catch (XenException e)
            {
                Assert.Equal(XenErrorId.InvalidArgument, e.Id);
            }

            IReadOnlyList<AddressRange> both = [];
            try
            {
                both = AddressRange.Intersect(wanted, excluded);
            }
            catch (XenException e)
            {
                Assert.Equal(XenErrorId.InvalidArgument, e.Id);
                both = [];
            }

            foreach (ulong address in Points)
            {
                bool isWanted = wanted.Any(r => r.First <= address && address <= r.Last);
                bool isExcluded = excluded.Any(r => r.First <= address && address <= r.Last);
                Assert.Equal(isWanted, AddressRange.Contain(merged, address));
                Assert.Equal(
                    (isWanted || wanted.Length == 0) && (isExcluded || excluded.Length == 0),
                    both.Any(r => r.First <= address && address <= r.Last) || wanted.Length + excluded.Length == 0);
                Assert.Equal((isWanted || wanted.Length == 0) && !isExcluded, left.Any(r => r.First <= address && address <= r.Last) || (wanted.Length == 0 && excluded.Length == 0));
            }
        });

    private static ulong[] Points { get; } = [.. Enumerable.Range(0, 20).Select(i => (ulong)i), .. Enumerable.Range(0, 20).Select(i => ulong.MaxValue - (ulong)i)];

    private static Gen<AddressRange[]> Ranges =>
        from pairs in Gen.Elements(Points).Two().ListOf()
        select pairs.Take(5).Select(p => new AddressRange(Math.Min(p.Item1, p.Item2), Math.Max(p.Item1, p.Item2))).ToArray();
}
