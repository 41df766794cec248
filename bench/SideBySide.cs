using System.Text.Json;

namespace XenVmEvent.Bench;

/// <summary>
/// xen-access and xenvmevent on the simulator's native libraries, whose guest executes only CPUID, as fast as it is
/// answered. They take turns, so that other load affects both. The median run of each counts.
/// </summary>
internal static class SideBySide
{
    public const string XenAccess = "xen-access";
    public const string Ring = "xenvmevent, ring";
    public const string Slotted = "xenvmevent, slotted";
    public const string Rate = "events";
    public const string Median = "round trip, median";
    public const string P99 = "round trip, p99";

    private const int Turns = 3;
    private const string Seconds = "3";
    private const string TimesVariable = "SIMULATED_XEN_TIMES";

    /// <summary>The guest is in the listener's own process, so a guard would have no guest to free.</summary>
    private const string NoGuard = "--no-guard";

    private static readonly string[] Arguments = ["1", "cpuid"];
    private static readonly string[] OneProcessor = ["taskset", "-c", "0"];

    public static IReadOnlyList<int> VCpus { get; } = [1, 2, 4, 16];

    public static string NameOf(string program, int vcpus, string what, bool onOneProcessor = false) =>
        $"{program}, {CountOf(vcpus)}{(onOneProcessor ? " on one processor" : "")}: {what}";

    public static string CountOf(int vcpus) => vcpus == 1 ? "1 vCPU" : $"{vcpus} vCPUs";

    /// <param name="results">Gets the figures.</param>
    /// <param name="onOneProcessor">Whether listener and guest share one processor, as on a small host.</param>
    public static void Measure(Results results, bool onOneProcessor = false)
    {
        foreach (int vcpus in VCpus)
        {
            List<EventTimes> xenAccess = [];
            List<EventTimes> ring = [];
            List<EventTimes> slotted = [];
            for (int turn = 0; turn < Turns; turn++)
            {
                if (Built.XenAccess is { } path) xenAccess.Add(Run([path, .. Arguments], vcpus, Built.Libraries, 7, onOneProcessor));
                ring.Add(Run([Built.Command, .. Arguments, NoGuard], vcpus, Built.Libraries, 7, onOneProcessor));

                // The only Xen that has slots speaks interface version 4.
                slotted.Add(Run([Built.Command, .. Arguments, NoGuard], vcpus, Built.Libraries + "-slotted", 4, onOneProcessor));
            }

            Report(results, XenAccess, vcpus, xenAccess, onOneProcessor);
            Report(results, Ring, vcpus, ring, onOneProcessor);
            Report(results, Slotted, vcpus, slotted, onOneProcessor);
        }
    }

    /// <summary>How the guest's events went while xenvmevent showed them, on the ring.</summary>
    public static EventTimes RunRing(int vcpus, params IEnumerable<string> options) =>
        Run([Built.Command, .. Arguments, NoGuard, .. options], vcpus, Built.Libraries, 7, onOneProcessor: false);

    private static EventTimes Run(string[] command, int vcpus, string libraries, int interfaceVersion, bool onOneProcessor)
    {
        string times = Path.GetTempFileName();
        Command.RunSilently(
            new Dictionary<string, string>
            {
                ["LD_LIBRARY_PATH"] = libraries,
                ["SIMULATED_XEN_WORKLOAD"] = "Cpuid",
                ["SIMULATED_XEN_VCPUS"] = $"{vcpus}",
                ["SIMULATED_XEN_INTERFACE"] = $"{interfaceVersion}",
                [TimesVariable] = times,
            },
            [.. onOneProcessor ? OneProcessor : [], "timeout", "-s", "INT", "-k", "60", Seconds, .. command]);
        try
        {
            return JsonSerializer.Deserialize<EventTimes>(File.ReadAllText(times), JsonSerializerOptions.Web)!;
        }
        finally
        {
            File.Delete(times);
        }
    }

    private static void Report(Results results, string program, int vcpus, List<EventTimes> turns, bool onOneProcessor)
    {
        if (turns.Count == 0) return;
        EventTimes median = turns.OrderBy(t => t.PerSecond).ElementAt(turns.Count / 2);
        results.Add(NameOf(program, vcpus, Rate, onOneProcessor), median.PerSecond, "1/s");
        results.Add(NameOf(program, vcpus, Median, onOneProcessor), median.MedianMicroseconds, "µs");
        results.Add(NameOf(program, vcpus, P99, onOneProcessor), median.P99Microseconds, "µs");
    }
}
