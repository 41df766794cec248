namespace XenVmEvent.Bench;

/// <summary>
/// What to expect from hosts with more processors than this machine: the model with the costs that were measured here. The
/// same model of two processors stands beside what was measured with two.
/// </summary>
internal static class Scale
{
    private const int RingEntries = 8;

    private static readonly int[] VCpus = [1, 2, 4, 8, 12, 16, 32, 64, 128];

    /// <summary>
    /// The simulated guest on two processors: its vCPUs look for their answers, so waking costs nothing.
    /// </summary>
    private static readonly ScaleCosts TwoProcessors = new() { Guest = 950, Look = 250, Handle = 350, Notify = 0, Wake = 0, WakeLatency = 0 };

    private static readonly (string Host, ScaleCosts Costs)[] Hosts =
    [
        ("vCPUs that look", TwoProcessors with { Notify = 300 }),
        ("vCPUs that sleep, waking as on bare metal", TwoProcessors with { Notify = 300, Wake = 1000, WakeLatency = 3000 }),
        ("vCPUs that sleep and work for 20 µs between events", TwoProcessors with { Guest = 20_000, Notify = 300, Wake = 1000, WakeLatency = 3000 }),
        ("vCPUs that sleep, waking as in this virtual machine", TwoProcessors with { Notify = 300, Wake = 5000, WakeLatency = 15_000 }),
    ];

    public static void Measure(Results results)
    {
        foreach (int vcpus in SideBySide.VCpus)
        {
            Add(results, $"model of two processors, ring, {SideBySide.CountOf(vcpus)}", new ScaleModel(TwoProcessors, vcpus, 1, RingEntries).Run());
            Add(results, $"model of two processors, slotted, {SideBySide.CountOf(vcpus)}", new ScaleModel(TwoProcessors, vcpus, 1, entries: null).Run());
        }

        foreach ((string host, ScaleCosts costs) in Hosts)
        {
            foreach (int vcpus in VCpus)
            {
                ScaleResult ring = new ScaleModel(costs, vcpus, vcpus, RingEntries).Run();
                ScaleResult slotted = new ScaleModel(costs, vcpus, vcpus, entries: null).Run();
                Add(results, $"model, {host}, ring, {SideBySide.CountOf(vcpus)}", ring);
                Add(results, $"model, {host}, slotted, {SideBySide.CountOf(vcpus)}", slotted);
                results.Add($"model, {host}, slotted by ring, {SideBySide.CountOf(vcpus)}", slotted.PerSecond / ring.PerSecond, "");
            }
        }
    }

    private static void Add(Results results, string name, ScaleResult one)
    {
        results.Add($"{name}: events", one.PerSecond, "1/s");
        results.Add($"{name}: round trip, median", one.MedianMicroseconds, "µs");
        results.Add($"{name}: round trip, p99", one.P99Microseconds, "µs");
        results.Add($"{name}: vCPUs wait for room", 100 * one.WaitsForRoom, "%");
    }
}
