using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>Compares the set of pages with the simplest implementation, and measures its memory.</summary>
public class PageSetTests
{
    /// <summary>64 GiB of memory.</summary>
    private const ulong ManyPages = 1 << 24;

    private const long Mebibyte = 1 << 20;

    private static readonly Gen<ulong> Gfns = Gen.OneOf(Gen.Choose(0, 1100), Gen.Choose(0, 1 << 24)).Select(gfn => (ulong)gfn);

    private static readonly Gen<(ulong First, int More, MemAccess Access)> Given =
        from first in Gfns
        from more in Gen.Choose(0, 1100)
        from access in Gen.Elements(MemAccess.R, MemAccess.RW, MemAccess.Rwx)
        select (first, more, access);

    [Fact]
    public void A_set_of_pages_is_a_set() => Properties.Hold(Gfns.ListOf(), 200, gfns =>
    {
        PageSet pages = new();
        HashSet<ulong> expected = [];
        foreach (ulong gfn in gfns) Assert.Equal(expected.Add(gfn), pages.Add(gfn));
        foreach (ulong gfn in gfns) Assert.Equal((true, expected.Contains(gfn + 1)), (pages.Contains(gfn), pages.Contains(gfn + 1)));
    });

    [Fact]
    public void A_map_of_access_has_of_each_page_what_it_was_given_last() => Properties.Hold(
        Given.ListOf(), 40, given =>
        {
            PageAccessMap map = new();
            SortedDictionary<ulong, MemAccess> expected = [];
            foreach ((ulong first, int more, MemAccess access) in given)
            {
                GfnRange range = new(first, first + (ulong)more);
                map.Set(range, access);
                for (ulong gfn = range.First; gfn <= range.Last; gfn++) expected[gfn] = access;
                map[first] = expected[first] = MemAccess.X;
            }

            foreach ((ulong gfn, MemAccess access) in expected) Assert.Equal(access, map[gfn]);
            Assert.Equal(expected.Keys, map.Ranges().SelectMany(r => Enumerable.Range(0, (int)r.Count).Select(i => r.First + (ulong)i)));
        });

    [Fact]
    public void All_of_64_GiB_take_little_room()
    {
        long seen = Takes(() =>
        {
            PageSet pages = new();
            for (ulong gfn = 0; gfn < ManyPages; gfn++) pages.Add(gfn);
            return pages;
        });
        long given = Takes(() =>
        {
            PageAccessMap map = new();
            map.Set(new GfnRange(0, ManyPages - 1), MemAccess.R);
            return map;
        });
        Assert.InRange(seen, 1, 8 * Mebibyte);
        Assert.InRange(given, 1, 8 * Mebibyte);
    }

    /// <summary>The bytes allocated for it, including memory that was released again.</summary>
    private static long Takes(Func<object> make)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        GC.KeepAlive(make());
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
