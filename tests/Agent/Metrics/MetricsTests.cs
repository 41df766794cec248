using System.Globalization;
using System.Text.RegularExpressions;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>Figures in Prometheus' text format.</summary>
public sealed class MetricsTests
{
    private const string Hostile = "a\"b\\c\nd{e=\"f\"} 1";

    [Fact]
    public void Promtool_has_no_complaint() => Assert.Equal("", Promtool.OfMetrics(MetricsText.Of(Status())));

    [Fact]
    public void Every_line_is_a_comment_or_a_value_whatever_names_contain()
    {
        string[] lines = MetricsText.Of(Status()).Split('\n');
        Assert.Equal("", lines[^1]);
        Assert.All(lines[..^1], line => Assert.Matches("""^(# (HELP|TYPE) xenvmevent_[a-z_]+ .+|xenvmevent_[a-z_]+(\{[a-z0-9_]+="([^"\\\n]|\\["\\n])*"(,[a-z0-9_]+="([^"\\\n]|\\["\\n])*")*\})? [0-9.eE+-]+)$""", line));
        Assert.Contains("""xenvmevent_events_total{domain="a\"b\\c\nd{e=\"f\"} 1",kind="Cpuid",answer="Deny"} 3""", lines);
    }

    [Fact]
    public void Events_are_counted_by_answer_and_buckets_are_cumulative()
    {
        string text = MetricsText.Of(Status());
        Assert.Contains("kind=\"Cpuid\",answer=\"None\"} 7\n", text, StringComparison.Ordinal);
        double[] buckets = [.. Regex.Matches(text, "xenvmevent_handling_time_seconds_bucket\\{le=\"[^\"]+\"\\} (\\d+)").Select(one => double.Parse(one.Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.Equal(buckets.Order(), buckets);
        Assert.Equal(DurationCounts.Bounds.Count + 1, buckets.Length);
        Assert.Contains("\nxenvmevent_handling_time_seconds_count 10\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void However_many_domains_there_are_their_names_stay_few_and_no_event_is_missing()
    {
        AgentTotals totals = new(mostDomains: 3);
        for (uint i = 1; i <= 1000; i++)
        {
            totals.Add(new XenDomain(i, $"guest{i}", Guid.NewGuid(), DomainType.Hvm, 1), Statistics);
            totals.Add(new XenDomain(i, "guest2", Guid.NewGuid(), DomainType.Hvm, 1), Statistics);
        }

        Assert.Equal([AgentTotals.OtherDomains, "guest1", "guest2", "guest3"], totals.Events.Keys.Select(one => one.Domain).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(2000 * Statistics.Events, totals.Events.Values.Sum());
        Assert.Equal(1001 * Statistics.Events, totals.Events.Where(one => one.Key.Domain == "guest2").Sum(one => one.Value));
    }

    private static MonitorStatistics Statistics { get; } = new()
    {
        Events = 10,
        ByKind = new Dictionary<VmEventKind, long> { [VmEventKind.Cpuid] = 10 },
        ByAnswer = new Dictionary<(VmEventKind, VmEventAction), long> { [(VmEventKind.Cpuid, VmEventAction.Deny)] = 3 },
        Dropped = 2,
        TimedOut = 1,
        Handling = new DurationCounts([.. Enumerable.Range(0, DurationCounts.Bounds.Count).Select(i => Math.Min((long)i, 10))], 10, TimeSpan.FromMilliseconds(1)),
    };

    private static AgentStatus Status()
    {
        AgentTotals totals = new(mostDomains: 10);
        totals.Add(new XenDomain(1, Hostile, Guid.NewGuid(), DomainType.Hvm, 1), Statistics);
        totals.Add(SessionEndReason.Failed);
        return new AgentStatus
        {
            Version = "1.2.3",
            Host = "simulated Xen",
            ProcessId = 1,
            Started = DateTimeOffset.UnixEpoch,
            Configured = DateTimeOffset.UnixEpoch,
            IsReloadRefused = false,
            GuardRestarts = 0,
            Policies = [new PolicyInfo { Name = Hostile, Path = "/a", Sha256 = new string('a', 64), Mode = PolicyMode.Enforce, Domains = ["*"] }],
            Guests = [],
            Outputs = [new OutputStatus { Name = "events", Place = "", Published = 5, Lost = 1, Waiting = 2, Lag = TimeSpan.FromSeconds(1.5), SpoolBytes = 0, Problem = "x" }],
            Totals = totals,
        };
    }
}
