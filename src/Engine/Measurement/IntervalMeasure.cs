namespace XenVmEvent.Measurement;

/// <summary>What came in one interval of a stream of events.</summary>
public sealed class IntervalMeasure : EventMeasure
{
    /// <summary>Of what was counted from a time on.</summary>
    internal IntervalMeasure(EventMeasure measure, DateTimeOffset startTime, TimeSpan duration) : base(measure, startTime, duration)
    {
    }
}
