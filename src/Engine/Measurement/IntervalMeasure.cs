using System.Diagnostics.CodeAnalysis;

namespace XenVmEvent.Measurement;

/// <summary>What came in one interval of a stream of events.</summary>
public sealed record IntervalMeasure : EventMeasure
{
    /// <summary>Of what was counted from a time on.</summary>
    [SetsRequiredMembers]
    internal IntervalMeasure(EventMeasure measure, DateTimeOffset startTime, TimeSpan duration) : base(measure)
    {
        StartTime = startTime;
        Duration = duration;
    }
}
