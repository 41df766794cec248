using XenVmEvent.Events;
using XenVmEvent.Measurement;

namespace XenVmEvent.Reporting;

/// <summary>
/// Makes one HTML page from events, live or recorded, in bounded memory however many there are. The page needs nothing
/// but itself. Used by one thread. Time is the events' own.
/// </summary>
public sealed class EventReportBuilder
{
    /// <summary>How many of the busiest pages and instructions the page lists.</summary>
    private const int Top = 20;

    private readonly EventMeter _meter = new(Top);
    private readonly Timeline _timeline = new();
    private readonly HostRows _hosts = new();
    private readonly Lanes _lanes = new();
    private readonly PageRows _pages = new();
    private readonly InstructionNames _names = new();
    private TimeSpan? _utcOffset;

    /// <summary>How many events there are.</summary>
    public long Events { get; private set; }

    /// <summary>Adds an event.</summary>
    public void Add(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        Events++;
        _meter.Add(vmEvent);
        DateTimeOffset time = vmEvent.Time;
        _utcOffset ??= time.Offset;
        int slot;
        while (!_timeline.TryFind(time.UtcTicks, out slot)) _timeline.Widen(_hosts.Bins.Concat(_lanes.Bins).Concat(_pages.Bins));
        if (vmEvent.HostName is { } host) _hosts.Add(host, vmEvent, slot);
        _lanes.Add(vmEvent.Guest, vmEvent.VCpu, vmEvent.Kind, slot);
        if (EventCounts.PageOf(vmEvent) is { } gfn) _pages.Add(vmEvent.Guest, gfn, slot);
        _names.Add(vmEvent);
    }

    /// <summary>Makes the page of all events. No event is added after that.</summary>
    /// <param name="title">The page's title; null: it names the hosts that the events were received from, or the domains.</param>
    public string Build(string? title = null)
    {
        EventMeasure measure = _meter.Finish()!;
        ReportData data = new(measure, _timeline, _hosts, _lanes, _pages, _names, _utcOffset ?? TimeSpan.Zero);
        return ReportPage.Create(title ?? (measure.ByHost.Count > 0 ? TitleOf([.. measure.ByHost.Keys], "hosts") : TitleOf([.. measure.ByDomain.Keys], "domains")), data.ToJson());
    }

    private static string TitleOf(string[] names, string kind) => names switch
    {
        [] => "Xen events",
        [var one] => $"Xen events of {one}",
        [.. var others, var last] when others.Length < 4 => $"Xen events of {string.Join(", ", others)} and {last}",
        _ => $"Xen events of {names.Length} {kind}",
    };
}
