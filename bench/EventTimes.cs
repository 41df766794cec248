namespace XenVmEvent.Bench;

/// <summary>What the simulated guest saw of its listener, as tests/NativeXen writes it down.</summary>
internal sealed record EventTimes(long Events, double Seconds, double MedianMicroseconds, double P99Microseconds);
