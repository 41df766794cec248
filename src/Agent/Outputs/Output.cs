using System.Diagnostics;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Agent;

/// <summary>
/// An output at work: its bounded queue, and the thread that empties it into the sink. Whoever offers an event never waits.
/// What does not fit is counted, and noted in the output's stream where it is missing.
/// </summary>
/// <param name="settings">Its settings.</param>
/// <param name="sink">Its sink, which it owns.</param>
/// <param name="log">Told when it fails, and when it works again.</param>
internal sealed class Output(OutputSettings settings, IEventSink sink, AgentLog log)
{
    private const int LargestBatch = 512;
    private const int LargestBatchBytes = 256 * 1024;

    private readonly object _gate = new();
    private readonly Queue<(OutgoingEvent Event, long Since)> _queue = new();
    private readonly MissingEvents _missing = new();
    private readonly RetryTime _retry = new();
    private Thread? _thread;
    private string? _told;
    private long _lost;
    private long _batchSince;
    private int _batchCount;
    private long _written;
    private bool _isLate;
    private bool _isEnding;
    private bool _isGivenUp;

    /// <summary>Its settings.</summary>
    public OutputSettings Settings => settings;

    /// <summary>Begins to empty the queue.</summary>
    public void Start()
    {
        _thread = new Thread(Run) { Name = $"Output {settings.Name}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Queues an event, or a note, if it is for this output.</summary>
    public void Offer(OutgoingEvent outgoing)
    {
        if (outgoing.Event is { } vmEvent && (vmEvent.Severity ?? default) < settings.Severity) return;
        lock (_gate)
        {
            if (_isEnding || _queue.Count >= settings.Queue)
            {
                Lose(outgoing);
                return;
            }

            long now = Stopwatch.GetTimestamp();
            NoteMissing(now);
            _queue.Enqueue((outgoing, now));
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>What it has done so far.</summary>
    public OutputStatus GetStatus()
    {
        EventSinkState state = sink.State;
        lock (_gate)
        {
            long since = _batchCount > 0 ? _batchSince : _queue.TryPeek(out (OutgoingEvent, long Since) first) ? first.Since : 0;
            return new OutputStatus
            {
                Name = settings.Name,
                Place = settings.Place,
                Published = state.Delivered,
                Lost = _lost,
                Waiting = _queue.Count + _batchCount + state.Waiting,
                Lag = since == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(since),
                SpoolBytes = state.SpoolBytes,
                Problem = _told ?? state.Problem,
            };
        }
    }

    /// <summary>Waits until the sink has taken what waits now. More may come meanwhile.</summary>
    /// <param name="patience">How long. If that is not enough, it gets no more time to stop either.</param>
    public void Settle(TimeSpan patience)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            long last = _written + _batchCount + _queue.Count;
            while (_written < last && patience - Stopwatch.GetElapsedTime(start) is { Ticks: > 0 } left) Monitor.Wait(_gate, left);
            _isLate = _written < last || _told is not null;
        }
    }

    /// <summary>
    /// Takes nothing any more, delivers what waits, and closes the sink. What cannot be delivered in time is lost, and
    /// told.
    /// </summary>
    public void Stop(TimeSpan patience)
    {
        lock (_gate)
        {
            _isEnding = true;
            if (_isLate) patience = TimeSpan.Zero;
            Monitor.PulseAll(_gate);
        }

        if (_thread?.Join(patience) != false) return;
        long left;
        lock (_gate)
        {
            _isGivenUp = true;
            left = _queue.Count + _batchCount;
            _lost += left;
            Monitor.PulseAll(_gate);
        }

        log.Say($"The output {settings.Name} did not take its last {left} events.");
    }

    private void Run()
    {
        // The first batch is empty: a problem shows before there are events.
        IReadOnlyList<OutgoingEvent>? batch = [];
        while (batch is not null)
        {
            if (TryWrite(batch)) batch = Take();
            else if (!Pause()) break;
        }

        sink.Dispose();
    }

    private bool TryWrite(IReadOnlyList<OutgoingEvent> batch)
    {
        try
        {
            sink.Write(batch);
        }
        catch (Exception e)
        {
            // A defect of one output must not end the agent either.
            Tell(e is EventSinkException ? e.Message : $"{XenErrorId.Unexpected}: {e}");
            _retry.Delay();
            return false;
        }

        if (_told is not null) Tell(null);
        _retry.Reset();
        return true;
    }

    /// <summary>Tells a problem once, and its end.</summary>
    private void Tell(string? problem)
    {
        string? before = _told;
        lock (_gate) _told = problem;
        if (problem is null) log.Say($"The output {settings.Name} works again.");
        else if (before is null) log.Say($"The output {settings.Name} fails; it is tried again. {problem}");
    }

    /// <returns>Whether to try again.</returns>
    private bool Pause()
    {
        lock (_gate)
        {
            if (_isGivenUp) return false;
            TimeSpan left = _retry.Left;
            if (left > TimeSpan.Zero) Monitor.Wait(_gate, left);
            return !_isGivenUp;
        }
    }

    /// <summary>Waits for events.</summary>
    /// <returns>The oldest; null if there will be no more.</returns>
    private List<OutgoingEvent>? Take()
    {
        lock (_gate)
        {
            _written += _batchCount;
            _batchCount = 0;
            Monitor.PulseAll(_gate);
            while (_queue.Count == 0 && _missing.IsEmpty)
            {
                if (_isEnding) return null;
                Monitor.Wait(_gate);
            }

            if (_queue.Count == 0) NoteMissing(Stopwatch.GetTimestamp());
            List<OutgoingEvent> batch = [];
            _batchSince = _queue.Peek().Since;
            for (int bytes = 0; batch.Count < LargestBatch && bytes < LargestBatchBytes && _queue.TryDequeue(out (OutgoingEvent Event, long) next); bytes += next.Event.Line.Length)
                batch.Add(next.Event);
            _batchCount = batch.Count;
            return batch;
        }
    }

    private void Lose(OutgoingEvent outgoing)
    {
        _lost += outgoing.Event is null ? 0 : 1;
        _missing.Add(outgoing);
    }

    private void NoteMissing(long now)
    {
        if (_missing.IsEmpty) return;
        foreach (Events.EventLoss loss in _missing.TakeAll()) _queue.Enqueue((LossNote.Of(loss), now));
    }
}
