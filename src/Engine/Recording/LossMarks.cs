using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>Writes marks of missing events: before the first event that came after the loss.</summary>
/// <param name="write">Writes a mark.</param>
internal sealed class LossMarks(Action<EventLoss> write)
{
    private readonly Dictionary<LossLog, long> _known = [];

    /// <summary>Must be called before an event is written.</summary>
    public void WriteBefore(VmEvent vmEvent)
    {
        // There is hardly ever anything new, and finding that out makes no object.
        LossLog log = vmEvent.Losses;
        if (!_known.TryGetValue(log, out long known)) _known.Add(log, known = 0);
        if (known != log.Events) Write(log, vmEvent.Time);
    }

    /// <summary>Must be called when no more events come.</summary>
    public void WriteRest()
    {
        foreach (LossLog log in _known.Keys.ToArray()) Write(log, before: null);
    }

    private void Write(LossLog log, DateTimeOffset? before)
    {
        long known = _known[log];
        foreach (EventLoss loss in log.Since(ref known, before)) write(loss);
        _known[log] = known;
    }
}
