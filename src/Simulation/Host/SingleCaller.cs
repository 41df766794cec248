namespace XenVmEvent.Simulation;

/// <summary>Crashes the host if two threads call into one domain's monitor at the same time.</summary>
internal sealed class SingleCaller(HostState host)
{
    private int _thread;
    private string? _call;

    /// <summary>Starts a call, which ends when the result is disposed.</summary>
    public Call Enter(string call)
    {
        host.ThrowIfDown();
        int holder = Interlocked.CompareExchange(ref _thread, Environment.CurrentManagedThreadId, 0);
        if (holder != 0)
        {
            throw host.BringDown(
                $"{call} was called while another thread was in {_call}. Xen then takes two of its locks in opposite order, and the host deadlocks: all calls for a domain's monitor must come from one thread.");
        }

        _call = call;
        return new Call(this);
    }

    /// <summary>A call in progress.</summary>
    public readonly ref struct Call(SingleCaller caller)
    {
        public void Dispose() => Volatile.Write(ref caller._thread, 0);
    }
}
