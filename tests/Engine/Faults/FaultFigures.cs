using System.Collections.Concurrent;
using System.Globalization;
using XenVmEvent.Simulation;

namespace XenVmEvent.Tests.Faults;

/// <summary>What happened in many fault runs, summed up. Safe for use from several threads.</summary>
internal sealed class FaultFigures
{
    private readonly ConcurrentDictionary<string, long> _counts = new();
    private long _longestFreeze;

    /// <summary>The longest that a vCPU stood still for one event, as the guest sees it.</summary>
    public TimeSpan LongestFreeze => new(Volatile.Read(ref _longestFreeze));

    public long this[string what] => _counts.GetValueOrDefault(what);

    public void Count(string what, long times = 1) => _counts.AddOrUpdate(what, times, (_, before) => before + times);

    public void Count(SimulatedFaults faults)
    {
        foreach (SimulatedFault fault in Enum.GetValues<SimulatedFault>()) Count($"fault: {fault}", faults.Count(fault));
    }

    public void Froze(TimeSpan time)
    {
        long before;
        while ((before = Volatile.Read(ref _longestFreeze)) < time.Ticks)
        {
            if (Interlocked.CompareExchange(ref _longestFreeze, time.Ticks, before) == before) return;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(
        Environment.NewLine,
        [
            .. _counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Value,9}  {c.Key}")),
            string.Create(CultureInfo.InvariantCulture, $"{LongestFreeze.TotalMilliseconds,9:F1}  ms: longest freeze of a vCPU"),
        ]);
}
