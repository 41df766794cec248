using System.Globalization;
using System.Runtime.ExceptionServices;
using XenVmEvent.Tests.Hanging;
using Xunit;

namespace XenVmEvent.Tests.Faults;

/// <summary>
/// Many runs, each with its own seed. <c>XENVMEVENT_FAULT_SEED</c> repeats one, and <c>XENVMEVENT_FAULT_RUNS</c> sets
/// the number of runs or repetitions. A run that never ends fails, and reports what all threads are doing.
/// </summary>
internal static class SeededRuns
{
    /// <summary>A run takes seconds, even if forty others want the processor.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Does the runs. The first that fails reports its seed.</summary>
    /// <param name="usual">The default number of runs.</param>
    /// <param name="atOnce">The number of runs at the same time.</param>
    /// <param name="run">Does the run of a seed.</param>
    /// <param name="patience">How long one may take; by default minutes.</param>
    /// <returns>The number of runs.</returns>
    public static int Do(int usual, int atOnce, Action<int> run, TimeSpan? patience = null)
    {
        int? only = Setting("XENVMEVENT_FAULT_SEED");
        int runs = Setting("XENVMEVENT_FAULT_RUNS") ?? (only is null ? usual : 1);
        Parallel.For(0, runs, new ParallelOptions { MaxDegreeOfParallelism = atOnce }, i => DoOne(only ?? i, run, patience ?? Patience));
        return runs;
    }

    /// <summary>
    /// Does the runs, each of which counts itself among "runs", and writes their figures, also when one fails.
    /// </summary>
    public static void Do(int usual, int atOnce, ITestOutputHelper output, Action<int, FaultFigures> run)
    {
        FaultFigures figures = new();
        int runs = 0;
        try
        {
            runs = Do(usual, atOnce, seed => run(seed, figures));
        }
        finally
        {
            output.WriteLine(figures.ToString());
        }

        Assert.Equal(runs, figures["runs"]);
    }

    private static void DoOne(int seed, Action<int> run, TimeSpan patience)
    {
        try
        {
            Within(patience, () => run(seed));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"The run of seed {seed} failed; repeat it with XENVMEVENT_FAULT_SEED={seed}. {e.Message}"), e);
        }
    }

    private static void Within(TimeSpan patience, Action run)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(Run) { IsBackground = true };
        thread.Start();
        if (!thread.Join(patience)) throw new TimeoutException($"It did not end within {patience}. All threads:{Environment.NewLine}{ThreadStacks.Take()}");
        failure?.Throw();

        void Run()
        {
            try
            {
                run();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        }
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;
}
