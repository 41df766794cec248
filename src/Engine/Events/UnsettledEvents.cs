namespace XenVmEvent.Events;

/// <summary>Events whose answer, or the time that it took, is not known yet, up to a number; then the oldest goes on as it is.</summary>
/// <param name="onSettled">Where events go on once nothing about them will change any more.</param>
internal sealed class UnsettledEvents(Action<VmEvent> onSettled)
{
    private const int Most = 1024;

    private readonly List<VmEvent> _events = [];

    /// <summary>Adds an event; those that are settled go on, the older ones first.</summary>
    public void Add(VmEvent vmEvent)
    {
        if (_events.Count > 0) Release(e => e.IsSettled);
        if (vmEvent.IsSettled)
        {
            onSettled(vmEvent);
            return;
        }

        if (_events.Count == Most)
        {
            VmEvent oldest = _events[0];
            _events.RemoveAt(0);
            onSettled(oldest);
        }

        _events.Add(vmEvent);
    }

    /// <summary>Lets events go on.</summary>
    public void Release(Predicate<VmEvent> which)
    {
        int kept = 0;
        for (int i = 0; i < _events.Count; i++)
        {
            VmEvent vmEvent = _events[i];
            if (which(vmEvent)) onSettled(vmEvent);
            else _events[kept++] = vmEvent;
        }

        _events.RemoveRange(kept, _events.Count - kept);
    }
}
