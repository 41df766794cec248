using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FsCheck.Fluent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Tests.Recording;
using Xunit;

namespace XenVmEvent.Tests.Reporting;

/// <summary>The data in the page.</summary>
public class EventReportTests
{
    [Fact]
    public void Every_event_is_in_each_chart_once() => Properties.Hold(Gen.ListOf(RandomEvents.Any), 100, events =>
    {
        JsonElement data = DataOf(ReportEvents.Report(events));
        Assert.Equal(events.Count, data.GetProperty("events").GetInt64());
        JsonElement[] lanes = [.. data.GetProperty("lanes").EnumerateArray()];
        Assert.Equal(events.Count, lanes.Sum(l => l.GetProperty("kinds").EnumerateObject().Sum(k => Sum(k.Value))));
        Assert.Equal(events.Select(e => (e.Domain, e.VCpu)).Distinct().Count(), lanes.Length);
        Assert.Equal(events.Count(e => e is MemAccessEvent or MemPagingEvent or MemSharingEvent), data.GetProperty("pages").EnumerateArray().Sum(p => Sum(p.GetProperty("bins"))));
        foreach (JsonElement kind in data.GetProperty("kinds").EnumerateArray())
        {
            string name = kind.GetProperty("name").GetString()!;
            Assert.Equal(events.Count(e => e.Kind.ToString() == name), kind.GetProperty("events").GetInt64());
            Assert.Equal(kind.GetProperty("events").GetInt64(), lanes.Sum(l => l.GetProperty("kinds").TryGetProperty(name, out JsonElement bins) ? Sum(bins) : 0));
        }
    });

    [Fact]
    public void The_policy_allows_just_the_style_and_the_script_of_the_page()
    {
        string page = ReportEvents.Report([ReportEvents.At(0)]);
        foreach (string part in (string[])["style", "script"])
        {
            string text = Regex.Match(page, $"<{part}>(.*?)</{part}>", RegexOptions.Singleline).Groups[1].Value;
            string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            Assert.Contains($"{part}-src 'sha256-{hash}';", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_axis_of_time_goes_from_the_first_event_to_the_last()
    {
        JsonElement data = DataOf(ReportEvents.Report([ReportEvents.At(5000), ReportEvents.At(0), ReportEvents.At(2500)]));
        JsonElement timeline = data.GetProperty("timeline");
        double start = timeline.GetProperty("start").GetDouble();
        double width = timeline.GetProperty("width").GetDouble();
        double noon = ReportEvents.Noon.ToUnixTimeMilliseconds();
        Assert.Equal((noon, 5000), (data.GetProperty("start").GetDouble(), data.GetProperty("duration").GetDouble()));
        Assert.InRange(noon, start, start + width);
        Assert.InRange(noon + 5000, start + (timeline.GetProperty("count").GetInt32() - 1) * width, start + timeline.GetProperty("count").GetInt32() * width);
    }

    [Fact]
    public void What_guests_are_called_is_data_and_no_markup()
    {
        const string Hostile = "</script><script>alert(1)</script><!--<script>{{data}}\u2028\"'&";
        VmEvent named = ReportEvents.At(0, Hostile);
        named.Symbol = Hostile;
        named.Instruction = Hostile;
        string page = ReportEvents.Report([named], Hostile);
        Assert.DoesNotContain("alert(1)</script>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<!--", page, StringComparison.Ordinal);
        Assert.Equal(2, page.Split("<script").Length - 1);
        JsonElement data = DataOf(page);
        Assert.Equal(Hostile, data.GetProperty("domains")[0].GetProperty("name").GetString());
        JsonElement busiest = data.GetProperty("busiestInstructions")[0];
        Assert.Equal((Hostile, Hostile), (busiest.GetProperty("symbol").GetString(), busiest.GetProperty("instruction").GetString()));
        Assert.Contains("<h1>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Xen events")]
    [InlineData("Xen events of a", "a")]
    [InlineData("Xen events of a, b and c", "c", "a", "b")]
    [InlineData("Xen events of 6 domains", "a", "b", "c", "d", "e", "f")]
    public void The_title_names_the_domains(string title, params string[] domains) =>
        Assert.Contains($"<title>{title}</title>", ReportEvents.Report(domains.Select(d => ReportEvents.At(0, d))), StringComparison.Ordinal);

    [Fact]
    public void Guests_of_the_same_name_on_two_hosts_are_two()
    {
        VmEvent[] events = [.. Enumerable.Range(0, 6).Select(i => ReportEvents.At(i * 1000, host: i < 4 ? "dom0-1" : "dom0-2"))];
        events[5].RuleMark = new RuleMark("linux", "text", RuleSeverity.Critical, Message: null);
        string page = ReportEvents.Report(events);
        JsonElement data = DataOf(page);
        Assert.Contains("<title>Xen events of dom0-1 and dom0-2</title>", page, StringComparison.Ordinal);
        Assert.Equal([("dom0-1", 4, 0), ("dom0-2", 2, 1)], data.GetProperty("hosts").EnumerateArray().Select(h => (h.GetProperty("name").GetString(), Sum(h.GetProperty("kinds").GetProperty("MemAccess")), h.GetProperty("critical").GetInt32())));
        foreach (string part in (string[])["domains", "lanes", "pages", "busiestPages", "busiestInstructions"])
            Assert.Equal(["dom0-1/web01", "dom0-2/web01"], data.GetProperty(part).EnumerateArray().Select(one => (one.TryGetProperty("domain", out JsonElement domain) ? domain : one.GetProperty("name")).GetString()).Order());
    }

    [Fact]
    public void Hosts_without_their_own_row_are_counted_together()
    {
        JsonElement[] hosts = [.. DataOf(ReportEvents.Report(Enumerable.Range(0, 600).Select(i => ReportEvents.At(i * 10, host: $"dom0-{i % 300:000}")))).GetProperty("hosts").EnumerateArray()];
        Assert.Equal(257, hosts.Length);
        Assert.Null(hosts[^1].GetProperty("name").GetString());
        Assert.Equal(600, hosts.Sum(h => Sum(h.GetProperty("kinds").GetProperty("MemAccess"))));
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void A_page_of_many_events_is_no_larger_for_it()
    {
        IEnumerable<VmEvent> events = Enumerable.Range(0, 200_000).Select(i => ReportEvents.At(
            i * 17.3, $"guest{i % 20}", (uint)(i % 64), i % 3 == 0 ? VmEventKind.Cpuid : VmEventKind.MemAccess, (ulong)(i * 7919), (ulong)(i * 31)));
        string page = ReportEvents.Report(events);
        Assert.InRange(page.Length, 1, 2 << 20);
        JsonElement data = DataOf(page);
        Assert.Equal(200_000, data.GetProperty("lanes").EnumerateArray().Sum(l => l.GetProperty("kinds").EnumerateObject().Sum(k => Sum(k.Value))));
        Assert.Null(data.GetProperty("lanes").EnumerateArray().Last().GetProperty("domain").GetString());
        Assert.Equal(40, data.GetProperty("pages").GetArrayLength());
    }

    private static long Sum(JsonElement bins) => bins.EnumerateArray().Sum(b => b.GetInt64());

    private static JsonElement DataOf(string page)
    {
        const string Start = "<script type=\"application/json\" id=\"data\">";
        int start = page.IndexOf(Start, StringComparison.Ordinal) + Start.Length;
        return JsonDocument.Parse(page[start..page.IndexOf("</script>", start, StringComparison.Ordinal)]).RootElement;
    }
}
