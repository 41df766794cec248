using System.Buffers;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Recording;

namespace XenVmEvent.Agent;

/// <summary>
/// Makes lines of events and offers them to the outputs, each once its answer is known, with notes where events are
/// missing. Used by one thread.
/// </summary>
internal sealed class EventPublisher : IDisposable
{
    private readonly OutputSet _outputs;
    private readonly ArrayBufferWriter<byte> _buffer = new(4096);
    private readonly EventLineWriter _lines;
    private readonly UnsettledEvents _unsettled;
    private readonly Dictionary<LossLog, long> _known = [];

    public EventPublisher(OutputSet outputs)
    {
        _outputs = outputs;
        _lines = new EventLineWriter(_buffer);
        _unsettled = new UnsettledEvents(Publish);
    }

    /// <summary>Whether events wait for their answer to be known.</summary>
    public bool HasUnsettled => !_unsettled.IsEmpty;

    /// <summary>Adds an event, once: each of several policies may report it.</summary>
    public void Add(VmEvent vmEvent)
    {
        if (vmEvent.IsTaken) return;
        vmEvent.IsTaken = true;
        _unsettled.Add(vmEvent);
    }

    /// <summary>Publishes the events whose answer is known by now.</summary>
    public void Settle() => _unsettled.Release(one => one.IsSettled);

    /// <summary>
    /// Publishes what will not change any more, although its answer has not been sent, and the losses of sessions after
    /// which no event came.
    /// </summary>
    public void CatchUp(IEnumerable<MonitorSession> sessions)
    {
        _unsettled.Release(one => one.ResponseState != ResponseState.Held);
        foreach (MonitorSession session in sessions) Note(session.Losses, before: null);
    }

    /// <summary>Publishes the rest of a session that has ended.</summary>
    public void Finish(MonitorSession session)
    {
        _unsettled.Release(one => one.Losses == session.Losses);
        Note(session.Losses, before: null);
        _known.Remove(session.Losses);
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private void Publish(VmEvent vmEvent)
    {
        Note(vmEvent.Losses, vmEvent.Time);
        _buffer.ResetWrittenCount();
        _lines.Write(vmEvent);
        _outputs.Offer(new OutgoingEvent(vmEvent, _buffer.WrittenSpan[..^1].ToArray()));
    }

    /// <summary>Notes what a session has lost since the last time.</summary>
    private void Note(LossLog log, DateTimeOffset? before)
    {
        long known = _known.GetValueOrDefault(log);
        if (known == log.Events) return;
        foreach (EventLoss loss in log.Since(ref known, before)) _outputs.Offer(LossNote.Of(loss));
        _known[log] = known;
    }
}
