namespace XenVmEvent.Recovery;

/// <summary>Has a guard begin a reset anew when this process is killed in the midst of one.</summary>
internal sealed class ResetGuard : IDisposable
{
    private readonly GuardProcess _guard;

    /// <param name="guard">A guard that needs no ring.</param>
    public ResetGuard(GuardProcess guard)
    {
        _guard = guard;
        guard.Tell(GuardState.Resetting);
    }

    /// <summary>The reset has ended, well or not.</summary>
    public void Dispose()
    {
        _guard.Leave();
        _guard.Dispose();
    }
}
