using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Reporting;

/// <summary>What the page shows in a browser, once its script has run.</summary>
[Trait("Speed", "Slow")]
public sealed partial class ReportPageTests : IDisposable
{
    private readonly TemporaryRoot _folder;

    public ReportPageTests()
    {
        Assert.SkipUnless(Browser.MissingPart is null, Browser.MissingPart ?? "");
        _folder = new();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_page_shows_what_the_events_were()
    {
        VmEvent[] events = ManyEvents();
        string dom = Show(ReportEvents.Report(events));
        Assert.Contains("Events 10,000 ", TextOf(Part(dom, "dl", "totals")), StringComparison.Ordinal);
        Assert.Contains("vCPUs 6 ", TextOf(Part(dom, "dl", "totals")), StringComparison.Ordinal);
        Assert.Contains("Domains 2 db01, web01", TextOf(Part(dom, "dl", "totals")), StringComparison.Ordinal);
        Assert.StartsWith("2026-05-01 12:00:00.00 to 12:01:39.98 UTC, 1 min 39 s", TextOf(Part(dom, "p", "span")), StringComparison.Ordinal);

        string[][] kinds = Rows(Part(dom, "section", "kinds"), 0);
        Assert.Equal(events.CountBy(e => e.Kind).OrderByDescending(k => k.Value).Select(k => (k.Key.ToString(), Shown(k.Value))), kinds.Select(k => (k[0], k[1])));
        Assert.Equal(events.CountBy(e => e.Domain).OrderByDescending(d => d.Value).Select(d => (d.Key, Shown(d.Value))), Rows(Part(dom, "section", "kinds"), 1).Select(d => (d[0], d[1])));

        string[][] lanes = Rows(Part(dom, "section", "vcpus"), 0);
        Assert.Equal(
            events.CountBy(e => (e.Domain, e.VCpu)).OrderBy(l => l.Key).Select(l => (l.Key.Domain, $"{l.Key.VCpu}", Shown(l.Value))),
            lanes.Select(l => (l[0], l[1], l[2])));
        Assert.Equal(6, Regex.Count(dom, "<g class=\"lane\">"));

        VmEvent[] accesses = [.. events.Where(e => e is MemAccessEvent)];
        string[] busiest = Rows(Part(dom, "section", "busiest"), 0)[0];
        Assert.Equal(("web01", "0x7ff", Shown(accesses.Count(e => e is MemAccessEvent { Domain: "web01", Gfn: 0x7ff }))), (busiest[0], busiest[1], busiest[2]));
        Assert.Equal(40, Regex.Count(dom, "<g class=\"page\">"));
        string[][] pages = Rows(Part(dom, "section", "pages"), 0);
        Assert.Equal(40, pages.Length);
        Assert.Equal(accesses.Length, pages.Sum(p => int.Parse(p[2], NumberStyles.AllowThousands, CultureInfo.InvariantCulture)));
        Assert.Contains(pages, p => p[0] == "web01" && p[1] == "0x7ff");

        string[] instruction = Rows(Part(dom, "section", "busiest"), 1)[0];
        Assert.Contains("do_syscall_64+0x38", instruction[1], StringComparison.Ordinal);
        Assert.Contains("0xffffffff81000000", instruction[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_have_a_table_if_there_are_any()
    {
        VmEvent[] events = [.. Enumerable.Range(0, 4).Select(i => ReportEvents.At(i))];
        Assert.DoesNotContain("<h2>Rules</h2>", Show(ReportEvents.Report(events)), StringComparison.Ordinal);
        foreach (VmEvent one in events[1..])
        {
            one.RuleMark = new RuleMark("linux", "<b>text</b>", RuleSeverity.Warning, Message: null);
            one.Restore(VmEventResponse.Deny, ResponseState.Rule, 0);
        }

        string[] row = Assert.Single(Rows(Part(Show(ReportEvents.Report(events)), "section", "rules"), 0));
        Assert.Equal(["linux", "<b>text</b>", "Warning", "3", "75.0 %", "3"], row);
    }

    [Fact]
    public void Hosts_have_lanes_and_a_table_if_events_come_from_any()
    {
        Assert.DoesNotContain("<h2>Hosts</h2>", Show(ReportEvents.Report([ReportEvents.At(0)])), StringComparison.Ordinal);
        VmEvent[] events = [.. Enumerable.Range(0, 4).Select(i => ReportEvents.At(i * 1000, host: i == 2 ? "dom0-<b>" : "dom0-1"))];
        events[2].RuleMark = new RuleMark("linux", "text", RuleSeverity.Warning, Message: null);
        string dom = Show(ReportEvents.Report(events));
        Assert.Equal(2, Regex.Count(dom, "<g class=\"host\">"));
        Assert.Contains("Hosts 2 ", TextOf(Part(dom, "dl", "totals")), StringComparison.Ordinal);
        string[][] rows = Rows(Part(dom, "section", "hosts"), 0);
        Assert.Equal(["dom0-<b>", "dom0-1"], rows.Select(row => row[0]));
        Assert.Equal(("1", "25.0 %", "0", "1", "MemAccess 1"), (rows[0][1], rows[0][2], rows[0][5], rows[0][6], rows[0][8]));
        Assert.Equal(("3", "75.0 %", "0", "0", "MemAccess 3"), (rows[1][1], rows[1][2], rows[1][5], rows[1][6], rows[1][8]));
    }

    [Fact]
    public void Each_event_per_cell_of_the_heat_map_is_painted()
    {
        // One event each second on a page of its own: a diagonal.
        string dom = Show(ReportEvents.Report(Enumerable.Range(0, 10).Select(i => ReportEvents.At(i * 1000, gfn: (ulong)(0x200 + i)))));
        string[] cells = [.. PageRow().Matches(dom).Select(m => m.Groups["path"].Value)];
        Assert.Equal(10, cells.Length);
        int[] starts = [.. cells.Select(c => int.Parse(FirstX().Match(c).Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.Equal(starts.Order(), starts);
        Assert.Equal(10, starts.Distinct().Count());
        Assert.All(cells, c => Assert.Single(FirstX().Matches(c)));
    }

    [Fact]
    public void Names_are_shown_and_never_run()
    {
        const string Hostile = "</script><img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>{{data}}";
        VmEvent[] events = [ReportEvents.At(0, Hostile), ReportEvents.At(1, Hostile, vcpu: 1)];
        foreach (VmEvent one in events) (one.Symbol, one.Instruction) = (Hostile, Hostile);
        string dom = Show(ReportEvents.Report(events, Hostile));
        Assert.DoesNotContain("<img", dom, StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(dom, "<script"));
        Assert.Equal(Hostile, TextOf(Part(dom, "title")));
        Assert.Equal(Hostile, TextOf(Part(dom, "h1")));
        Assert.Equal(Hostile, Rows(Part(dom, "section", "kinds"), 1)[0][0]);
        Assert.StartsWith(Hostile, Rows(Part(dom, "section", "busiest"), 1)[0][1], StringComparison.Ordinal);
    }

    [Fact]
    public void What_would_be_loaded_is_refused()
    {
        string page = ReportEvents.Report([ReportEvents.At(0)]).Replace("<footer>", "<footer><img src=\"file:///dev/null\"><script>document.title='run'</script>", StringComparison.Ordinal);
        (string dom, string[] console) = Browser.Show(Save(page));
        Assert.Equal(2, console.Count(l => l.Contains("violates", StringComparison.Ordinal) && l.Contains("Content Security Policy", StringComparison.Ordinal)));
        Assert.Equal("Xen events of web01", TextOf(Part(dom, "title")));
    }

    [Fact]
    public void The_page_is_light_or_dark_as_the_reader_has_it()
    {
        string file = Save(ReportEvents.Report(ManyEvents()));
        (byte red, byte green, byte blue) = Browser.CornerOf(file, isDark: false);
        Assert.InRange(red + green + blue, 600, 765);
        (red, green, blue) = Browser.CornerOf(file, isDark: true);
        Assert.InRange(red + green + blue, 0, 150);
    }

    [Fact]
    public void Pointing_at_a_chart_tells_what_is_there()
    {
        const string Probe = """
            <script>
            for (const drawing of document.querySelectorAll('figure svg')) {
                const box = drawing.getBoundingClientRect();
                drawing.dispatchEvent(new PointerEvent('pointermove', { clientX: box.right - 7, clientY: box.top + 30 }));
                document.body.append(Object.assign(document.createElement('aside'), { textContent: [...document.getElementById('tip').children].map(line => line.textContent).join(' | ') }));
            }
            </script>
            """;

        // The page's own policy would not let the probe run.
        string page = Policy().Replace(ReportEvents.Report([ReportEvents.At(0, vcpu: 3), ReportEvents.At(500, kind: VmEventKind.Cpuid), ReportEvents.At(1000, vcpu: 3)]), "")
            .Replace("</body>", Probe + "</body>", StringComparison.Ordinal);
        string dom = Show(page);
        string[] tips = [.. Aside().Matches(dom).Select(m => WebUtility.HtmlDecode(m.Groups[1].Value))];
        Assert.Equal(3, tips.Length);
        Assert.Equal("12:00:01.000, 4 ms | 250/s | MemAccess: 1", tips[0]);
        Assert.Equal("12:00:01.000, 4 ms | web01 vCPU 0", tips[1]);
        Assert.Equal("12:00:01.000, 4 ms | web01 gfn 0x100 | 1 event", tips[2]);
    }

    [Fact]
    public void Nothing_and_one_event_are_shown_too()
    {
        string nothing = Show(ReportEvents.Report([]));
        Assert.Equal("No event came.", TextOf(Part(nothing, "p", "span")));
        Assert.DoesNotContain("<section", nothing, StringComparison.Ordinal);
        string one = Show(ReportEvents.Report([ReportEvents.At(0, kind: VmEventKind.Cpuid)]));
        Assert.Contains("Events 1 ", TextOf(Part(one, "dl", "totals")), StringComparison.Ordinal);
        Assert.Contains("No event was about a page.", TextOf(Part(one, "section", "pages")), StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", one[..one.IndexOf("<script", StringComparison.Ordinal)], StringComparison.Ordinal);
    }

    [Fact]
    public void What_has_no_lane_or_row_of_its_own_is_shown_together()
    {
        string dom = Show(ReportEvents.Report(Enumerable.Range(0, 300).Select(i => ReportEvents.At(i, $"guest{i:000}"))));
        Assert.Contains("vCPUs more than 256 ", TextOf(Part(dom, "dl", "totals")), StringComparison.Ordinal);
        string[] lane = Rows(Part(dom, "section", "vcpus"), 0)[^1];
        Assert.Equal(("other domains", "others", "44"), (lane[0], lane[1], lane[2]));
        string[] row = Rows(Part(dom, "section", "pages"), 0)[0];
        Assert.Equal(("other domains", "all pages", "236"), (row[0], row[1], row[2]));
    }

    /// <summary>Two domains, six vCPUs, a hundred seconds, a busy page among many.</summary>
    private static VmEvent[] ManyEvents()
    {
        VmEventKind[] kinds = [VmEventKind.MemAccess, VmEventKind.MemAccess, VmEventKind.MemAccess, VmEventKind.Cpuid, VmEventKind.MovToMsr];
        VmEvent[] events = new VmEvent[10_000];
        for (int i = 0; i < events.Length; i++)
        {
            bool isWeb = i % 3 == 0;
            events[i] = ReportEvents.At(
                i * 10 - i % 2 * 10,
                isWeb ? "web01" : "db01",
                (uint)(isWeb ? i % 2 : i % 4),
                kinds[i * 31 % 37 % kinds.Length],
                isWeb && i % 4 < 2 ? 0x7ff : (ulong)(0x100 + i % 997),
                0xffffffff81000000 + (ulong)(i % 7 < 3 ? 0 : i % 50) * 16);
            events[i].Symbol = i % 7 < 3 || i % 50 == 0 ? "do_syscall_64+0x38" : null;
        }

        return events;
    }

    private string Save(string page)
    {
        string file = Path.Combine(_folder.Path, "report.html");
        File.WriteAllText(file, page);
        return file;
    }

    /// <summary>The elements of a page that runs without a word on the console.</summary>
    private string Show(string page)
    {
        (string dom, string[] console) = Browser.Show(Save(page));
        Assert.Empty(console);
        return dom;
    }

    private static string Shown(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Part(string dom, string element, string? id = null)
    {
        string start = id is null ? $"<{element}>" : $"<{element} id=\"{id}\"";
        int at = dom.IndexOf(start, StringComparison.Ordinal);
        Assert.True(at >= 0, $"There is no {start}.");
        return dom[at..dom.IndexOf($"</{element}>", at, StringComparison.Ordinal)];
    }

    private static string[][] Rows(string dom, int table) =>
        [.. Row().Matches(dom.Split("<tbody>")[table + 1].Split("</tbody>")[0]).Select(r => Cell().Matches(r.Value).Select(c => TextOf(c.Value)).ToArray())];

    private static string TextOf(string dom) => WebUtility.HtmlDecode(Spaces().Replace(Tag().Replace(dom, " "), " ")).Trim();

    [GeneratedRegex("<[^>]*>?")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex("<tr>.*?</tr>", RegexOptions.Singleline)]
    private static partial Regex Row();

    [GeneratedRegex("<td.*?</td>", RegexOptions.Singleline)]
    private static partial Regex Cell();

    [GeneratedRegex("<aside>(.*?)</aside>")]
    private static partial Regex Aside();

    [GeneratedRegex("<meta http-equiv[^>]*>")]
    private static partial Regex Policy();

    [GeneratedRegex("""<g class="page">.*?<path class="h\d" d="(?<path>[^"]*)"></path></g>""")]
    private static partial Regex PageRow();

    [GeneratedRegex(@"M(\d+)")]
    private static partial Regex FirstX();
}
