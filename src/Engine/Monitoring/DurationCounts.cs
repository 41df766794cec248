namespace XenVmEvent.Monitoring;

/// <summary>How many durations were how long, in fixed steps, so that those of several sessions can be added.</summary>
/// <param name="Within">The number of durations that were at most as long as each of <see cref="Bounds"/>, accurate to 6 %.</param>
/// <param name="Total">The number of all durations.</param>
/// <param name="Sum">Their sum.</param>
public sealed record DurationCounts(IReadOnlyList<long> Within, long Total, TimeSpan Sum)
{
    /// <summary>The steps: 1, 2 and 5 of each power of ten from a microsecond to a second.</summary>
    public static IReadOnlyList<TimeSpan> Bounds { get; } =
        [.. ((double[])[1, 10, 100, 1e3, 1e4, 1e5]).SelectMany(power => ((double[])[1, 2, 5]).Select(step => TimeSpan.FromMicroseconds(step * power))), TimeSpan.FromSeconds(1)];

    internal static DurationCounts None { get; } = new(new long[Bounds.Count], 0, TimeSpan.Zero);
}
