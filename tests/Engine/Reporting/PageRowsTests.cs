using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Reporting;
using Xunit;

namespace XenVmEvent.Tests.Reporting;

public class PageRowsTests
{
    private static Gen<List<(string Domain, ulong Gfn, int Slot)>> Accesses { get; } = Gen.ListOf(
        from domain in Gen.Elements("web01", "db01", "")
        from gfn in Gen.OneOf(Gen.Choose(0, 40), Gen.Choose(0, int.MaxValue)).Select(g => (ulong)g)
        from slot in Gen.Choose(0, Timeline.Most - 1)
        select (domain, gfn, slot)).Select(a => a.ToList());

    [Fact]
    public void Every_access_is_counted_in_the_one_row_of_its_page() => Properties.Hold(Accesses, 300, accesses =>
    {
        List<PageRow> rows = Count(accesses).InOrder(10);
        Assert.InRange(rows.Count, 0, 10);
        foreach (PageRow row in rows)
        {
            (string, ulong, int Slot)[] own = [.. accesses.Where(a => a.Domain == row.Domain && a.Gfn >= row.First && a.Gfn <= row.Last)];
            Assert.Equal(own.Length, row.Events);
            foreach ((int slot, long count) in row.Bins.Index()) Assert.Equal(own.Count(a => a.Slot == slot), count);
        }

        Assert.Equal(accesses.Count, rows.Sum(r => r.Events));
    });

    [Fact]
    public void Rows_are_in_order_and_share_no_page() => Properties.Hold(Accesses, 300, accesses =>
    {
        List<PageRow> rows = Count(accesses).InOrder(10);
        foreach ((PageRow row, PageRow next) in rows.Zip(rows.Skip(1)))
            Assert.True(string.CompareOrdinal(row.Domain, next.Domain) < 0 || (row.Domain == next.Domain && row.Last < next.First));
    });

    [Fact]
    public void As_long_as_there_is_room_each_page_has_its_row()
    {
        List<PageRow> rows = Count([("web01", 7, 0), ("web01", 9, 1), ("web01", 7, 2), ("db01", 7, 3)]).InOrder(3);
        Assert.Equal([("db01", 7ul, 1L), ("web01", 7, 2), ("web01", 9, 1)], rows.Select(r => (r.Domain!, r.First, r.Events)));
    }

    [Fact]
    public void Busy_pages_keep_rows_of_their_own_among_any_number_of_quiet_ones()
    {
        const int Pages = 20 * PageRows.Most;
        ulong[] busy = [100, 101, 40_000, Pages - 1];
        PageRows counted = new();
        foreach (ulong gfn in busy)
        {
            for (int i = 0; i < 2 * Pages; i++) counted.Add("web01", gfn, i % Timeline.Most);
        }

        for (ulong gfn = 0; gfn < Pages; gfn++) counted.Add("web01", gfn, 0);
        List<PageRow> rows = counted.InOrder(40);
        Assert.Equal(40, rows.Count);
        Assert.Equal(Pages + busy.Length * 2 * Pages, rows.Sum(r => r.Events));
        Assert.Equal(busy, rows.Where(r => r.Events > 2 * Pages).Select(r => r.First));
        Assert.All(rows.Where(r => r.Events > 2 * Pages), r => Assert.Equal(r.First, r.Last));
    }

    [Fact]
    public void Domains_beyond_those_kept_apart_share_a_row()
    {
        PageRows counted = new();
        for (int i = 0; i < 1000; i++) counted.Add($"guest{i}", (ulong)i, 0);
        List<PageRow> rows = counted.InOrder(40);
        Assert.Equal(PageRows.MostDomains + 1, rows.Count);
        Assert.Equal((null, 1000 - PageRows.MostDomains), (rows[0].Domain, rows[0].Events));
    }

    private static PageRows Count(List<(string Domain, ulong Gfn, int Slot)> accesses)
    {
        PageRows rows = new();
        foreach ((string domain, ulong gfn, int slot) in accesses) rows.Add(domain, gfn, slot);
        return rows;
    }
}
