namespace XenVmEvent.Monitoring;

/// <summary>A distribution of durations; all zero when there was none.</summary>
/// <param name="Min">The shortest.</param>
/// <param name="Median">Half took no longer, to 6 %.</param>
/// <param name="P99">99 of 100 took no longer, to 6 %.</param>
/// <param name="Max">The longest.</param>
public readonly record struct LatencySummary(TimeSpan Min, TimeSpan Median, TimeSpan P99, TimeSpan Max)
{
    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"min {Min.TotalMicroseconds:0.#}, median {Median.TotalMicroseconds:0.#}, p99 {P99.TotalMicroseconds:0.#}, max {Max.TotalMicroseconds:0.#} µs");
}
