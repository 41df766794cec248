namespace XenVmEvent.Recovery;

/// <summary>Makes a guard restart a reset if this process is killed in the middle of it.</summary>
internal sealed class ResetGuard : IDisposable
{
    private readonly GuardProcess _guard;

    /// <param name="guard">A guard that needs no ring.</param>
    public ResetGuard(GuardProcess guard)
    {
        _guard = guard;
        guard.Tell(GuardState.Resetting);
    }

    /// <summary>The reset has ended, successfully or not.</summary>
    public void Dispose()
    {
        _guard.Leave();
        _guard.Dispose();
    }
}
