using System.Runtime.CompilerServices;
using Xunit;

namespace XenVmEvent.Tests.Faults;

[Trait("Speed", "Slow")]
public class SeededRunsTests
{
    [Fact]
    public void A_run_that_hangs_fails_with_its_seed_and_tells_where_it_hangs()
    {
        using ManualResetEventSlim never = new();
        Exception error = Assert.ThrowsAny<Exception>(
            () => SeededRuns.Do(usual: 1, atOnce: 1, _ => StandStill(never), patience: TimeSpan.FromSeconds(1)));
        string said = (error as AggregateException ?? new AggregateException(error)).Flatten().InnerExceptions[0].Message;
        never.Set();
        Assert.Matches(@"The run of seed \d+ failed", said);
        Assert.Contains(nameof(StandStill), said, StringComparison.Ordinal);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StandStill(ManualResetEventSlim never) => never.Wait();
}
