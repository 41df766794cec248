using System.Globalization;

namespace XenVmEvent.Bench;

/// <summary>Two threads of C that pass a word back and forth. This is the best that the machine allows.</summary>
internal static class Floor
{
    public static void Measure(Results results)
    {
        foreach (string line in Command.Output(Built.Floor, "200000").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.Split(' ');
            results.Add($"floor, {fields[0]}: round trips", Number(fields[1]), "1/s");
            results.Add($"floor, {fields[0]}: round trip, median", Number(fields[2]), "µs");
            results.Add($"floor, {fields[0]}: round trip, p99", Number(fields[3]), "µs");
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
