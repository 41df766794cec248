namespace XenVmEvent.Bench;

/// <summary>What the model says.</summary>
/// <param name="PerSecond">Events a second.</param>
/// <param name="MedianMicroseconds">The median round trip.</param>
/// <param name="P99Microseconds">Its 99th percentile.</param>
/// <param name="WaitsForRoom">The share of their time that vCPUs wait for room, 0 to 1.</param>
internal sealed record ScaleResult(double PerSecond, double MedianMicroseconds, double P99Microseconds, double WaitsForRoom);
