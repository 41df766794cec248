namespace XenVmEvent.Bench;

/// <summary>The times that the simulated guest measured, as tests/NativeXen writes them.</summary>
internal sealed record EventTimes(long Events, double Seconds, double MedianMicroseconds, double P99Microseconds)
{
    public double PerSecond => Events / Seconds;
}
