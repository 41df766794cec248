using System.Globalization;
using System.Text;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;

namespace XenVmEvent.Agent;

/// <summary>
/// An agent's figures in Prometheus' text format: base units, names by its conventions. Labels have few values: kinds,
/// answers, reasons, names from the configuration, and a bounded number of domains' names.
/// </summary>
internal sealed class MetricsText
{
    private readonly StringBuilder _text = new();
    private string _name = "";

    /// <summary>All of them.</summary>
    public static string Of(AgentStatus status)
    {
        MetricsText text = new();
        text.Describe(status);
        text.Describe(status.Totals);
        text.Describe(status.Outputs);
        return text._text.ToString();
    }

    private void Describe(AgentStatus status)
    {
        Family("build_info", "gauge", "The agent's version; always 1.");
        Add(1, ("version", status.Version));
        Family("start_time_seconds", "gauge", "When the agent began, in seconds since 1970.");
        Add(Seconds(status.Started));
        Family("configuration_time_seconds", "gauge", "When the agent read the configuration that it follows, in seconds since 1970.");
        Add(Seconds(status.Configured));
        Family("configuration_reload_refused", "gauge", "Whether the newest configuration was refused: 1 if it was.");
        Add(status.IsReloadRefused ? 1 : 0);
        Family("policy_info", "gauge", "A policy that the agent keeps; always 1.");
        foreach (PolicyInfo policy in status.Policies) Add(1, ("policy", policy.Name), ("mode", policy.Mode == PolicyMode.Enforce ? "enforce" : "monitor"), ("sha256", policy.Sha256));
        Family("sessions", "gauge", "The number of guests that are attached.");
        Add(status.Guests.Count);
        Family("held_events", "gauge", "The number of events that wait for an answer now, while their vCPUs stand still.");
        Add(status.Guests.Sum(guest => guest.HeldNow));
        Family("guard_restarts_total", "counter", "The number of guards that were killed and restarted.");
        Add(status.GuardRestarts);
    }

    private void Describe(AgentTotals totals)
    {
        Family("events_total", "counter", "The number of events of guests, by what was answered; the answer is None if the event needed or got none.");
        foreach (((string domain, VmEventKind kind, VmEventAction? answer), long count) in totals.Events.OrderBy(one => one.Key.Domain, StringComparer.Ordinal).ThenBy(one => one.Key.Kind))
            Add(count, ("domain", domain), ("kind", kind.ToString()), ("answer", answer?.ToString() ?? "None"));
        Family("events_lost_total", "counter", "The number of events that policies reported and that were lost on the way to the agent.");
        foreach (LossReason reason in (LossReason[])[LossReason.Dropped, LossReason.Overwritten, LossReason.Shed]) Add(totals.Lost.GetValueOrDefault(reason), ("reason", reason.ToString()));
        Family("deadlines_missed_total", "counter", "The number of events whose deadline passed before they had an answer.");
        Add(totals.DeadlinesMissed);
        Family("sessions_ended_total", "counter", "The number of sessions that ended.");
        foreach (SessionEndReason reason in Enum.GetValues<SessionEndReason>()) Add(totals.Ended.GetValueOrDefault(reason), ("reason", reason.ToString()));
        Family("handling_time_seconds", "histogram", "The time from reading an event until Xen was told of its answer.");
        for (int i = 0; i < DurationCounts.Bounds.Count; i++) Add("_bucket", totals.HandledWithin[i], ("le", Number(DurationCounts.Bounds[i].TotalSeconds)));
        Add("_bucket", totals.Handled, ("le", "+Inf"));
        Add("_sum", totals.HandlingTime.TotalSeconds);
        Add("_count", totals.Handled);
    }

    private void Describe(IReadOnlyList<OutputStatus> outputs)
    {
        Each("output_events_published_total", "counter", "The number of events that have arrived at the output.", output => output.Published);
        Each("output_events_lost_total", "counter", "The number of events that the output could not take.", output => output.Lost);
        Each("output_waiting_events", "gauge", "The number of events that wait for the output, in its queue or its spool.", output => output.Waiting);
        Each("output_lag_seconds", "gauge", "How long the oldest event that waits for the output has waited.", output => output.Lag.TotalSeconds);
        Each("output_spool_bytes", "gauge", "The size of the output's spool.", output => output.SpoolBytes);
        Each("output_up", "gauge", "Whether the output works: 0 if it fails.", output => output.Problem is null ? 1 : 0);

        void Each(string name, string type, string help, Func<OutputStatus, double> value)
        {
            Family(name, type, help);
            foreach (OutputStatus output in outputs) Add(value(output), ("output", output.Name));
        }
    }

    private void Family(string name, string type, string help)
    {
        _name = $"xenvmevent_{name}";
        _text.Append(CultureInfo.InvariantCulture, $"# HELP {_name} {help}\n# TYPE {_name} {type}\n");
    }

    private void Add(double value, params IReadOnlyList<(string Name, string Value)> labels) => Add("", value, labels);

    private void Add(string suffix, double value, params IReadOnlyList<(string Name, string Value)> labels)
    {
        _text.Append(_name).Append(suffix);
        if (labels.Count > 0) _text.Append('{').AppendJoin(',', labels.Select(label => $"{label.Name}=\"{Escaped(label.Value)}\"")).Append('}');
        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;

    private static string Escaped(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
