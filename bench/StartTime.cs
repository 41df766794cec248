using System.Diagnostics;

namespace XenVmEvent.Bench;

/// <summary>How long the command takes from its start to its end when there is nothing to do.</summary>
internal static class StartTime
{
    public const string Nothing = "a program that does nothing, median";
    public const string Help = "xenvmevent --help, median";

    private const int Runs = 60;

    private static readonly Dictionary<string, string> NoEnvironment = [];

    public static void Measure(Results results)
    {
        double[] help = new double[Runs];
        double[] nothing = new double[Runs];
        for (int i = 0; i < Runs; i++)
        {
            help[i] = Time(Built.Command, "--help");
            nothing[i] = Time("true");
        }

        results.Add(Nothing, Median(nothing), "ms");
        results.Add(Help, Median(help), "ms");
    }

    private static double Time(params string[] command)
    {
        long start = Stopwatch.GetTimestamp();
        Command.RunSilently(NoEnvironment, command);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
