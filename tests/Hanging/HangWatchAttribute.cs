using System.Collections.Concurrent;
using System.Reflection;
using Xunit.v3;

namespace XenVmEvent.Tests.Hanging;

/// <summary>
/// Ends a test run in which a test hangs. Writes the test's name and what all threads are doing to standard error.
/// Nothing else can end a thread that waits for ever.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class HangWatchAttribute : BeforeAfterTestAttribute
{
    /// <summary>Longer than any test takes on the slowest machine.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(20);

    private static readonly ConcurrentDictionary<string, Timer> Running = new();

    /// <inheritdoc/>
    public override void Before(MethodInfo methodUnderTest, IXunitTest test) =>
        Running[test.UniqueID] = Watch(test.TestDisplayName, Longest, Environment.FailFast);

    /// <inheritdoc/>
    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (Running.TryRemove(test.UniqueID, out Timer? timer)) timer.Dispose();
    }

    /// <summary>Watches something that may take too long.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="longest">How long it may take.</param>
    /// <param name="end">Called with the report if it takes longer.</param>
    /// <returns>Disposing it ends the watch.</returns>
    public static Timer Watch(string name, TimeSpan longest, Action<string> end) =>
        new(_ => end($"{name} has not ended in {longest}. All threads:{Environment.NewLine}{ThreadStacks.Take()}"), null, longest, Timeout.InfiniteTimeSpan);
}
