using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace XenVmEvent.Tests.Faults;

/// <summary>
/// A thousand sessions in which things go wrong. <c>XENVMEVENT_FAULT_SEED</c> repeats one, and <c>XENVMEVENT_FAULT_RUNS</c>
/// says how many there are, or how often the one is repeated.
/// </summary>
public class FaultRunTests(ITestOutputHelper output)
{
    private const int Runs = 1000;

    /// <summary>Most of a run is waiting.</summary>
    private const int AtOnce = 6;

    [Fact]
    public void Whatever_goes_wrong_the_guest_is_free_afterwards_and_every_event_is_accounted_for()
    {
        int? only = Setting("XENVMEVENT_FAULT_SEED");
        int runs = Setting("XENVMEVENT_FAULT_RUNS") ?? (only is null ? Runs : 1);
        var figures = new FaultFigures();
        try
        {
            Parallel.For(0, runs, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, i => RunOne(only ?? i, figures));
        }
        finally
        {
            output.WriteLine(figures.ToString());
        }

        Assert.Equal(runs, figures["runs"]);
    }

    private static void RunOne(int seed, FaultFigures figures)
    {
        using var run = new FaultRun(seed, figures);
        try
        {
            run.Run();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"The fault run of seed {seed} failed; repeat it with XENVMEVENT_FAULT_SEED={seed}. {run}."), e);
        }
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;
}
