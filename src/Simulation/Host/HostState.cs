using System.Collections.Immutable;

namespace XenVmEvent.Simulation;

/// <summary>
/// Whether the simulated host still runs. Once it has crashed it stays down and tells every caller why.
/// </summary>
internal sealed class HostState
{
    private volatile string? _crash;
    private ImmutableArray<Lock> _gates = [];

    /// <summary>Raised once, when the host crashes, on the thread that crashed it.</summary>
    public event Action? WentDown;

    /// <summary>Why the host crashed; null while it runs.</summary>
    public string? Crash => _crash;

    /// <summary>Throws if the host has crashed.</summary>
    public void ThrowIfDown()
    {
        if (_crash is { } crash) throw Down(crash);
    }

    /// <summary>Makes a lock that nobody may hold while waiting: whoever would end the wait may need it.</summary>
    public Lock CreateGate()
    {
        Lock gate = new();
        ImmutableInterlocked.Update(ref _gates, gates => gates.Add(gate));
        return gate;
    }

    /// <summary>
    /// Crashes the host if the thread, which is about to wait, holds a gate: Xen's own rule for waiting.
    /// </summary>
    public void ThrowIfGateIsHeld()
    {
        foreach (Lock gate in _gates)
        {
            if (!gate.IsHeldByCurrentThread) continue;
            throw BringDown(
                $"{Thread.CurrentThread.Name ?? "A thread"} waits while it holds a lock that may be needed to end the wait: the host deadlocks.");
        }
    }

    /// <summary>Crashes the host, as the same mistake would crash a real one.</summary>
    /// <param name="what">What was done wrong and what it does to a real host, a whole sentence.</param>
    /// <returns>The error for the caller to throw.</returns>
    public XenException BringDown(string what)
    {
        if (Interlocked.CompareExchange(ref _crash, what, null) is null) WentDown?.Invoke();
        return Down(_crash!);
    }

    private static XenException Down(string crash) =>
        new(XenErrorId.HostCrashed,
            $"The simulated host is down. {crash}",
            "Correct the listener: on a real host this takes every guest down. A new SimulatedHypervisor is a new host.");
}
