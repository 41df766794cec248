using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>What is packaged for Prometheus and Grafana, tried on a real Prometheus that scrapes an agent.</summary>
public sealed class PrometheusTests
{
    private static readonly string Policy = RunningAgent.PolicyFor("leaves", "*", "name: leaf, event: Cpuid");

    [Fact]
    public void A_real_prometheus_scrapes_an_agent_and_has_an_answer_to_each_expression_of_the_dashboard()
    {
        using RunningAgent agent = new(new SimulatedHypervisor(new SimulationOptions { Domains = [new() { Id = 1, Name = "web01", Workload = new Workload(GuestActionKind.Cpuid), RoundsPerSecond = 100 }] }), Policy);
        IPEndPoint address = Loopback.FreeAddress();
        agent.Reload(agent.Configuration with { Metrics = new MetricsSettings { Listen = address } });
        using PrometheusServer prometheus = PrometheusServer.Start(address, Packaged("prometheus/xenvmevent.rules.yaml"));
        Until.True(() => prometheus.Query("up{job=\"xenvmevent\"} == 1").Length == 1);
        foreach (string expression in Expressions()) Until.True(() => prometheus.Query(expression).Length > 0);
        Assert.Equal("web01", Assert.Single(prometheus.Query("count by (domain) (xenvmevent_events_total)")).GetProperty("metric").GetProperty("domain").GetString());

        // An alert has no series while all is well, so it would not show that there is no such metric.
        IReadOnlyList<string> served = prometheus.Names();
        foreach (string file in new[] { "prometheus/xenvmevent.rules.yaml", "grafana/xenvmevent.json" })
            Assert.Empty(Regex.Matches(File.ReadAllText(Packaged(file)), "xenvmevent_\\w+").Select(name => name.Value).Except(served));
        Until.True(() => prometheus.Rules() is { Length: > 0 } rules && rules.All(rule => rule.GetProperty("health").GetString() == "ok"));
    }

    [Fact]
    public void Alerts_come_when_they_should()
    {
        Assert.Equal("", Promtool.Complaints("check", "rules", Packaged("prometheus/xenvmevent.rules.yaml")));
        Assert.Equal("", Promtool.Complaints("test", "rules", Path.Combine(Here(), "alerts.test.yaml")));
    }

    /// <summary>The expressions of all panels and variables, for all hosts and guests.</summary>
    private static List<string> Expressions()
    {
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Packaged("grafana/xenvmevent.json")));
        List<string> expressions = [];
        foreach (JsonElement panel in dashboard.RootElement.GetProperty("panels").EnumerateArray())
            expressions.AddRange(panel.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("expr").GetString()!));
        foreach (JsonElement variable in dashboard.RootElement.GetProperty("templating").GetProperty("list").EnumerateArray().Where(one => one.GetProperty("type").GetString() == "query"))
        {
            Match values = Regex.Match(variable.GetProperty("query").GetProperty("query").GetString()!, @"^label_values\((.+), (\w+)\)$");
            expressions.Add($"count by ({values.Groups[2].Value}) ({values.Groups[1].Value})");
        }

        Assert.NotEmpty(expressions);
        return [.. expressions.Select(one => one.Replace("$host", ".*", StringComparison.Ordinal).Replace("$domain", ".*", StringComparison.Ordinal)
            .Replace("$__rate_interval", "1m", StringComparison.Ordinal).Replace("$__range", "1m", StringComparison.Ordinal))];
    }

    private static string Packaged(string file) => Path.GetFullPath(Path.Combine(Here(), "../../../packaging", file));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
