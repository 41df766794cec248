using System.Diagnostics;
using System.Text.Json;
using XenVmEvent.Monitoring;

namespace XenVmEvent.NativeXen;

/// <summary>How long events held up the guest's vCPUs: from the request until the vCPU ran on, waiting for room included.</summary>
internal sealed class EventTimes
{
    private readonly Lock _gate = new();
    private readonly LatencyHistogram _held = new();
    private long _events;
    private long _first;
    private long _last;

    /// <summary>Adds an event that was answered just now.</summary>
    public void Add(TimeSpan held)
    {
        long ticks = (long)(held.TotalSeconds * Stopwatch.Frequency);
        lock (_gate)
        {
            _last = Stopwatch.GetTimestamp();
            if (_events++ == 0) _first = _last - ticks;
            _held.Add(ticks);
        }
    }

    public void Write(string file)
    {
        lock (_gate)
        {
            LatencySummary held = _held.Summarize();
            using FileStream stream = File.Create(file);
            using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
            json.WriteStartObject();
            json.WriteNumber("events", _events);
            json.WriteNumber("seconds", Stopwatch.GetElapsedTime(_first, _last).TotalSeconds);
            json.WriteNumber("medianMicroseconds", held.Median.TotalMicroseconds);
            json.WriteNumber("p99Microseconds", held.P99.TotalMicroseconds);
            json.WriteNumber("maxMicroseconds", held.Max.TotalMicroseconds);
            json.WriteEndObject();
        }
    }
}
