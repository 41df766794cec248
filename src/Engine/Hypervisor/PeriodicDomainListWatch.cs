namespace XenVmEvent.Hypervisor;

/// <summary>For a host that does not report domains: there may be news twice a second.</summary>
internal sealed class PeriodicDomainListWatch : IDomainListWatch
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _wake = new(0);

    public bool Wait(TimeSpan timeout)
    {
        bool isShorter = timeout < LookPeriod && timeout != Timeout.InfiniteTimeSpan;
        return !_wake.Wait(isShorter ? timeout : LookPeriod) && !isShorter;
    }

    public bool IsComplete(XenDomain domain) => true;

    public void Wake() => _wake.Release();

    /// <summary>Nothing: a semaphore that nobody waits for by a handle has nothing to release.</summary>
    public void Dispose()
    {
    }
}
