using System.Globalization;

namespace XenVmEvent.Bench;

/// <summary>Two threads of C that pass a word back and forth. This is the best that the machine allows.</summary>
internal static class Floor
{
    public const string Looking = "floor, looking: round trips";

    private const int Turns = 5;

    public static void Measure(Results results)
    {
        // Where the host runs the machine's processors changes how far apart they are.
        string[][][] turns = [.. Enumerable.Range(0, Turns).Select(_ => Rows(Command.Output(Built.Floor, "200000")))];
        for (int way = 0; way < turns[0].Length; way++)
        {
            string[] median = turns.Select(t => t[way]).OrderBy(fields => Number(fields[1])).ElementAt(Turns / 2);
            results.Add($"floor, {median[0]}: round trips", Number(median[1]), "1/s");
            results.Add($"floor, {median[0]}: round trip, median", Number(median[2]), "µs");
            results.Add($"floor, {median[0]}: round trip, p99", Number(median[3]), "µs");
        }
    }

    private static string[][] Rows(string output) => [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
