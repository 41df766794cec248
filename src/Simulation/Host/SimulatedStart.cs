namespace XenVmEvent.Simulation;

/// <summary>
/// How a simulated domain comes to run. As Xen counts it, it is paused once by the toolstack that made it, and once more by
/// each that holds it back; it runs when all of these are gone.
/// </summary>
internal sealed class SimulatedStart(SimulatedDomain domain)
{
    private int _isUnpaused;
    private int _pauses = 1;

    /// <summary>How often it is paused.</summary>
    public int Pauses => Volatile.Read(ref _pauses);

    /// <summary>Whether it runs.</summary>
    public bool IsDone => Pauses == 0;

    /// <summary>The toolstack unpauses it. If it has done so already, it does nothing.</summary>
    public void Unpause()
    {
        if (Interlocked.Exchange(ref _isUnpaused, 1) == 0) TakePause();
    }

    /// <summary>Keeps the domain from running until the result is disposed.</summary>
    /// <returns>Null: it has run, or has ended.</returns>
    public IDisposable? HoldBack()
    {
        lock (domain.Gate)
        {
            if (!domain.IsAlive || IsDone) return null;
            _pauses++;
            return new Hold(this);
        }
    }

    private void TakePause()
    {
        lock (domain.Gate)
        {
            if (--_pauses > 0 || !domain.IsAlive) return;
            foreach (SimulatedVCpu vcpu in domain.VCpus) vcpu.Start();
        }
    }

    private sealed class Hold(SimulatedStart start) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0) start.TakePause();
        }
    }
}
