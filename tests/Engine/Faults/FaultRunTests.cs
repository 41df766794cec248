using Xunit;

namespace XenVmEvent.Tests.Faults;

/// <summary>A thousand sessions in which things go wrong; see <see cref="SeededRuns"/>.</summary>
[Trait("Speed", "Slow")]
public class FaultRunTests(ITestOutputHelper output)
{
    private const int Runs = 1000;

    /// <summary>Most of a run is waiting.</summary>
    private const int AtOnce = 6;

    [Fact]
    public void Whatever_goes_wrong_the_guest_is_free_afterwards_and_every_event_is_accounted_for() =>
        SeededRuns.Do(Runs, AtOnce, output, RunOne);

    private static void RunOne(int seed, FaultFigures figures)
    {
        using var run = new FaultRun(seed, figures);
        try
        {
            run.Run();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{run}.", e);
        }
    }
}
