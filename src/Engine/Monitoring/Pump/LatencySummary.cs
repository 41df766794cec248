namespace XenVmEvent.Monitoring;

/// <summary>A distribution of durations; all zero when there was none.</summary>
public readonly record struct LatencySummary(TimeSpan Min, TimeSpan Median, TimeSpan P99, TimeSpan Max)
{
    /// <summary>The shortest.</summary>
    public TimeSpan Min { get; } = Min;

    /// <summary>Half took no longer, to 6 %.</summary>
    public TimeSpan Median { get; } = Median;

    /// <summary>99 of 100 took no longer, to 6 %.</summary>
    public TimeSpan P99 { get; } = P99;

    /// <summary>The longest.</summary>
    public TimeSpan Max { get; } = Max;

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"min {Min.TotalMicroseconds:0.#}, median {Median.TotalMicroseconds:0.#}, p99 {P99.TotalMicroseconds:0.#}, max {Max.TotalMicroseconds:0.#} µs");
}
