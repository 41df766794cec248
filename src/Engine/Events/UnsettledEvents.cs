namespace XenVmEvent.Events;

/// <summary>
/// Keeps events until their answer and the time that it took are known. If there are too many, the oldest is passed on
/// as it is.
/// </summary>
/// <param name="onSettled">Gets the events once nothing about them will change any more.</param>
internal sealed class UnsettledEvents(Action<VmEvent> onSettled)
{
    private const int Most = 1024;

    private readonly List<VmEvent> _events = [];

    /// <summary>Whether it keeps none.</summary>
    public bool IsEmpty => _events.Count == 0;

    /// <summary>Adds an event. Settled events are passed on, the oldest first.</summary>
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

    /// <summary>Passes events on.</summary>
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
