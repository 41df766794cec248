using System.Text.Json;

namespace XenVmEvent.Bench;

/// <summary>
/// How long the first events of a process hold their guest, beside later events of the same process. Each measurement
/// is in a new process. The median of all processes counts.
/// </summary>
internal static class FirstEvents
{
    public const string Command = "longest hold of the first 20 events, xenvmevent";
    public const string CommandLater = "longest hold of 20 later events, xenvmevent";
    public const string Shell = "longest hold of the first 20 events, PowerShell";
    public const string ShellLater = "longest hold of 20 events of the second watch, PowerShell";
    public const string Held = "first event answered by Set-XenVmEventResponse, longest";

    private const int Processes = 11;
    private const int First = 20;

    public static void Measure(Results results)
    {
        Waits[] command = Repeat(InCommand);
        Waits[] shell = Repeat(() => InShell());
        Waits[] held = Repeat(() => InShell("-Held"));
        results.Add(Command, Median(command.Select(w => w.First)), "µs");
        results.Add(CommandLater, Median(command.Select(w => w.Later)), "µs");
        results.Add(Shell, Median(shell.Select(w => w.First)), "µs");
        results.Add(ShellLater, Median(shell.Select(w => w.Later)), "µs");
        results.Add("first event answered by Set-XenVmEventResponse, median", Median(held.Select(w => w.First)) / 1000, "ms");
        results.Add(Held, held.Max(w => w.First) / 1000, "ms");
    }

    private static Waits[] Repeat(Func<Waits> measure) => [.. Enumerable.Range(0, Processes).Select(_ => measure())];

    private static Waits InCommand()
    {
        // An event printed before its answer went out has no time. There are enough others.
        double[] times = [.. Bench.Command
            .Output(Built.Command, "web01", "cpuid", "--simulate", "--first", (First * 3).ToString(), "--format", "json")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(e => e.TryGetProperty("handlingMicroseconds", out _))
            .Select(e => e.GetProperty("handlingMicroseconds").GetDouble())];
        return new Waits(times.Take(First).Max(), times.TakeLast(First).Max());
    }

    private static Waits InShell(params IEnumerable<string> options) =>
        JsonSerializer.Deserialize<Waits>(PowerShell.Run("-File", [Built.Script("first.ps1"), "-Module", Built.Module, .. options]))!;

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

    /// <summary>The microseconds that first.ps1 prints.</summary>
    private sealed record Waits(double First, double Later);
}
