using System.Diagnostics;

namespace XenVmEvent.Agent.Tests;

/// <summary>Waits for what other threads do.</summary>
internal static class Until
{
    /// <summary>Longer than anything takes on the slowest machine: reached only when something never comes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Waits until something is so.</summary>
    /// <param name="condition">What is waited for.</param>
    /// <param name="state">How it is instead, if it never comes.</param>
    public static void True(Func<bool> condition, Func<string>? state = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience) throw new TimeoutException($"It never came to be so. {state?.Invoke()}".TrimEnd());
            Thread.Sleep(1);
        }
    }
}
