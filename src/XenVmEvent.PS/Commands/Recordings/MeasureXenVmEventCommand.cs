using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Measurement;

namespace XenVmEvent.PS;

/// <summary>
/// Measure-XenVmEvent: counts events, live or recorded: by kind, domain and vCPU, the busiest pages and instructions,
/// at what rate they came and how fast they were answered.
/// </summary>
[Cmdlet(VerbsDiagnostic.Measure, "XenVmEvent")]
[OutputType(typeof(EventMeasure), typeof(IntervalMeasure))]
public sealed class MeasureXenVmEventCommand : XenCmdlet
{
    private EventMeter? _meter;

    /// <summary>The events.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public VmEvent[] InputObject { get; set; } = [];

    /// <summary>
    /// The length of an interval in the events' own time; a number means seconds. An interval is written when the first
    /// later event comes. Without it, one summary is written at the end.
    /// </summary>
    [Parameter]
    [DurationTransformation]
    [PositiveDuration]
    public TimeSpan Interval { get; set; }

    /// <summary>How many of the busiest pages and instructions to list.</summary>
    [Parameter]
    [ValidateRange(0, EventMeter.MostDistinct)]
    public int Top { get; set; } = 5;

    /// <inheritdoc/>
    protected override void BeginProcessing() =>
        _meter = new EventMeter(Top, MyInvocation.BoundParameters.ContainsKey(nameof(Interval)) ? Interval : null);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (VmEvent vmEvent in InputObject)
        {
            if (_meter!.Add(vmEvent) is { } interval) WriteObject(interval);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_meter!.Finish() is { } measure) WriteObject(measure);
    }
}
