using System.Collections.Concurrent;
using XenVmEvent.Tests.Hanging;
using Xunit;

namespace XenVmEvent.Tests.Faults;

[Trait("Speed", "Slow")]
public class HangWatchTests
{
    [Fact]
    public void A_test_that_hangs_is_named_with_the_stacks_of_all_threads()
    {
        using BlockingCollection<string> told = [];
        using Timer watch = HangWatchAttribute.Watch("The test of a watch", TimeSpan.FromMilliseconds(1), told.Add);
        string text = Hang(told);
        Assert.StartsWith("The test of a watch has not ended in ", text, StringComparison.Ordinal);
        Assert.Contains(nameof(Hang), text, StringComparison.Ordinal);
    }

    /// <summary>Waits for the watch's report, and so appears in it.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static string Hang(BlockingCollection<string> told) => told.Take();
}
