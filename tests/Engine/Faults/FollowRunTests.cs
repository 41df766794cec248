using Xunit;

namespace XenVmEvent.Tests.Faults;

/// <summary>Alone, because it counts what the process has open.</summary>
[CollectionDefinition(nameof(FollowRunTests), DisableParallelization = true)]
public class FollowRunCollection;

/// <summary>Two hundred guests that come and go while they are followed; see <see cref="SeededRuns"/>.</summary>
[Trait("Speed", "Slow")]
[Collection(nameof(FollowRunTests))]
public class FollowRunTests(ITestOutputHelper output)
{
    private const int Runs = 3;

    [Fact]
    public void Whatever_guests_do_each_event_of_a_watched_time_is_seen_and_nothing_is_left_behind() =>
        SeededRuns.Do(Runs, atOnce: 1, output, RunOne);

    private static void RunOne(int seed, FaultFigures figures)
    {
        using FollowRun run = new(seed, figures);
        run.Run();
    }
}
