namespace XenVmEvent.Hypervisor;

/// <summary>
/// Ports for a caller without an event channel: Xen is told of responses by a call, and signals nothing.
/// </summary>
internal abstract class ResumingPorts : IEventPorts
{
    public uint RingPort => 0;

    public IReadOnlyList<uint> SlotPorts => [];

    public virtual int Wait(Span<uint> signalled, TimeSpan timeout)
    {
        Thread.Sleep(timeout);
        return 0;
    }

    public void Unmask(ReadOnlySpan<uint> ports)
    {
    }

    public abstract void Notify(uint port);

    public bool TakeDomainNews() => false;

    public void Wake()
    {
    }
}
