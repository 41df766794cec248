using System.Text;
using System.Text.Json;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Measurement;

namespace XenVmEvent.Reporting;

/// <summary>
/// The data that the page's script draws, as JSON. Addresses are strings, because a script's numbers have 53 bits;
/// times are milliseconds of Unix time.
/// </summary>
internal sealed class ReportData(EventMeasure measure, Timeline timeline, HostRows hosts, Lanes lanes, PageRows pages, InstructionNames names, TimeSpan utcOffset)
{
    /// <summary>The maximum number of lines in the heat map: what fits on a screen.</summary>
    public const int MostPageRows = 40;

    /// <returns>JSON without any character that has a meaning in HTML.</returns>
    public string ToJson()
    {
        using MemoryStream buffer = new();

        // The default encoder escapes every <, >, & and quote.
        using (Utf8JsonWriter json = new(buffer)) Write(json);
        return Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("events", measure.Events);
        json.WriteNumber("start", UnixMilliseconds(measure.StartTime.UtcTicks));
        json.WriteNumber("duration", measure.Duration.TotalMilliseconds);
        json.WriteNumber("utcOffset", utcOffset.TotalMinutes);
        json.WriteNumber("timedOut", measure.TimedOut);
        if (measure.Dropped is { } dropped) json.WriteNumber("dropped", dropped);
        WriteLosses(json);
        WriteHandlingTime(json);
        WriteCounts(json, "domains", measure.ByDomain.Select(d => (d.Key, d.Value)));
        WriteCounts(json, "kinds", measure.ByKind.Select(k => (k.Key.ToString(), k.Value)));
        WriteRules(json);
        WriteTimeline(json);
        WriteHosts(json);
        WriteLanes(json);
        WritePages(json);
        WriteBusiest(json);
        json.WriteEndObject();
    }

    private void WriteLosses(Utf8JsonWriter json)
    {
        json.WriteStartArray("losses");
        foreach (EventLoss loss in measure.Losses)
        {
            json.WriteStartObject();
            json.WriteString("domain", loss.Guest);
            json.WriteString("reason", loss.Reason.ToString());
            json.WriteNumber("events", loss.Events);
            json.WriteNumber("from", UnixMilliseconds(loss.From.UtcTicks));
            json.WriteNumber("to", UnixMilliseconds(loss.To.UtcTicks));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteHandlingTime(Utf8JsonWriter json)
    {
        if (measure.HandlingTime.Max == TimeSpan.Zero) return;
        json.WriteStartObject("handlingMicroseconds");
        json.WriteNumber("median", measure.HandlingTime.Median.TotalMicroseconds);
        json.WriteNumber("p99", measure.HandlingTime.P99.TotalMicroseconds);
        json.WriteNumber("max", measure.HandlingTime.Max.TotalMicroseconds);
        json.WriteEndObject();
    }

    private void WriteRules(Utf8JsonWriter json)
    {
        json.WriteStartArray("rules");
        foreach (RuleCount rule in measure.ByRule)
        {
            json.WriteStartObject();
            json.WriteString("policy", rule.Policy);
            json.WriteString("rule", rule.Rule);
            json.WriteString("severity", rule.Severity.ToString());
            json.WriteNumber("events", rule.Events);
            json.WriteNumber("answered", rule.Answered);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteTimeline(Utf8JsonWriter json)
    {
        json.WriteStartObject("timeline");
        json.WriteNumber("start", UnixMilliseconds(timeline.Start));
        json.WriteNumber("width", timeline.Width.TotalMilliseconds);
        json.WriteNumber("count", timeline.Count);
        json.WriteEndObject();
    }

    private void WriteHosts(Utf8JsonWriter json)
    {
        json.WriteStartArray("hosts");
        foreach (HostRow host in hosts.InOrder)
        {
            json.WriteStartObject();
            json.WriteString("name", host.Name);
            json.WriteNumber("warnings", host.Warnings);
            json.WriteNumber("critical", host.Critical);
            WriteKinds(json, host.Lane);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteLanes(Utf8JsonWriter json)
    {
        json.WriteStartArray("lanes");
        foreach (Lane lane in lanes.InOrder)
        {
            json.WriteStartObject();
            json.WriteString("domain", lane.Domain);
            json.WriteNumber("vcpu", lane.VCpu);
            WriteKinds(json, lane);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteKinds(Utf8JsonWriter json, Lane lane)
    {
        json.WriteStartObject("kinds");
        foreach ((VmEventKind kind, long[] bins) in lane.ByKind) WriteBins(json, kind.ToString(), bins);
        json.WriteEndObject();
    }

    private void WritePages(Utf8JsonWriter json)
    {
        json.WriteStartArray("pages");
        foreach (PageRow row in pages.InOrder(MostPageRows))
        {
            json.WriteStartObject();
            json.WriteString("domain", row.Domain);
            json.WriteString("first", $"0x{row.First:x}");
            json.WriteString("last", $"0x{row.Last:x}");
            json.WriteNumber("events", row.Events);
            WriteBins(json, "bins", row.Bins);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteBusiest(Utf8JsonWriter json)
    {
        json.WriteStartArray("busiestPages");
        foreach (PageCount page in measure.BusiestPages)
        {
            json.WriteStartObject();
            json.WriteString("domain", page.Domain);
            json.WriteString("gfn", $"0x{page.Gfn:x}");
            json.WriteNumber("events", page.Events);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("busiestInstructions");
        foreach (InstructionCount count in measure.BusiestInstructions)
        {
            (string? symbol, string? instruction) = names.Find(count);
            json.WriteStartObject();
            json.WriteString("domain", count.Domain);
            json.WriteString("address", $"0x{count.InstructionPointer:x}");
            json.WriteString("symbol", symbol);
            json.WriteString("instruction", instruction);
            json.WriteNumber("events", count.Events);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteBins(Utf8JsonWriter json, string name, long[] bins)
    {
        json.WriteStartArray(name);
        foreach (long count in timeline.InOrder(bins)) json.WriteNumberValue(count);
        json.WriteEndArray();
    }

    private static void WriteCounts(Utf8JsonWriter json, string name, IEnumerable<(string Name, long Events)> counts)
    {
        json.WriteStartArray(name);
        foreach ((string thing, long events) in counts)
        {
            json.WriteStartObject();
            json.WriteString("name", thing);
            json.WriteNumber("events", events);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static double UnixMilliseconds(long utcTicks) => (utcTicks - DateTime.UnixEpoch.Ticks) / (double)TimeSpan.TicksPerMillisecond;
}
