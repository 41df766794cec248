using Xunit;

namespace XenVmEvent.Tests.Faults;

/// <summary>Sessions whose ring and slots somebody else writes in; see <see cref="SeededRuns"/>.</summary>
[Trait("Speed", "Slow")]
public class HostileSessionTests(ITestOutputHelper output)
{
    private const int Runs = 200;

    /// <summary>Most of a run is waiting.</summary>
    private const int AtOnce = 8;

    [Fact]
    public void Whatever_a_channel_holds_the_session_ends_in_good_order_and_the_guest_is_free() =>
        SeededRuns.Do(Runs, AtOnce, output, RunOne);

    private static void RunOne(int seed, FaultFigures figures)
    {
        using var run = new HostileRun(seed, figures);
        try
        {
            run.Run();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{run}. {e.Message}", e);
        }
    }
}
