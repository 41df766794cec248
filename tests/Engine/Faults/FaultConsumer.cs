using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Tests.Faults;

/// <summary>Takes a subscription's events, well or badly, on its own thread.</summary>
internal sealed class FaultConsumer
{
    private readonly MonitorSession _session;
    private readonly EventSubscription _subscription;
    private readonly FaultFigures _figures;
    private readonly Random _random;
    private readonly Manner _manner;
    private readonly int _lasts;
    private readonly Thread _thread;
    private readonly List<VmEvent> _kept = [];

    public FaultConsumer(MonitorSession session, EventSubscription subscription, Random random, FaultFigures figures)
    {
        _session = session;
        _subscription = subscription;
        _figures = figures;
        _random = new Random(random.Next());
        Manner[] all = Enum.GetValues<Manner>();
        _manner = all[random.Next(all.Length)];
        _lasts = random.Next(40);
        _thread = new Thread(Run) { IsBackground = true, Name = $"consumer {_manner}" };
        figures.Count($"consumer: {_manner}");
        _thread.Start();
    }

    private enum Manner
    {
        Eager,
        Slow,
        Stuck,
        NeverTakes,
        Throws,
        Leaves,
        NeverAnswers,
        AnswersTwice,
        AnswersLate,
        AnswersNonsense,
    }

    /// <summary>What went wrong that must not go wrong; null if nothing did.</summary>
    public Exception? Failure { get; private set; }

    public EventSubscription Subscription => _subscription;

    /// <summary>Whether the subscription ended before the session did.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>How many events it took.</summary>
    public long Taken { get; private set; }

    /// <summary>Every event that it took and that waited for an answer.</summary>
    public IReadOnlyList<VmEvent> Kept => _kept;

    /// <summary>Waits for its end, and takes what is left.</summary>
    public void Join()
    {
        if (!_thread.Join(Simulation.Listener.Patience)) throw new TimeoutException($"The consumer {_manner} does not end.");
        while (_subscription.TryTake(out VmEvent? left)) Note(left);
    }

    private void Run()
    {
        try
        {
            Consume();
        }
        catch (InvalidTimeZoneException)
        {
            // The exception is the caller's own. The cleanup has been done.
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }

    private void Consume()
    {
        bool leaves = _manner is Manner.Throws or Manner.Leaves;
        try
        {
            while (!_subscription.IsCompleted && _session.End is null)
            {
                if (_manner == Manner.NeverTakes || (_manner == Manner.Stuck && Taken > _lasts))
                {
                    Thread.Sleep(1);
                    continue;
                }

                if (_subscription.Take(TimeSpan.FromMilliseconds(5)) is not { } taken) continue;
                Note(taken);
                if (Taken > _lasts && _manner == Manner.Throws) throw new InvalidTimeZoneException();
                if (Taken > _lasts && _manner == Manner.Leaves) return;
                if (_manner == Manner.Slow) Thread.Sleep(_random.Next(3));
                Answer(taken);
            }
        }
        finally
        {
            if (leaves)
            {
                HasLeft = true;
                _subscription.Dispose();
            }
        }
    }

    private void Note(VmEvent taken)
    {
        Taken++;
        _ = taken.ToString();
        _kept.Add(taken);
    }

    private void Answer(VmEvent taken)
    {
        if (!_subscription.Watch.Hold) return;
        switch (_manner)
        {
            case Manner.NeverAnswers:
                _figures.Count("answer: never");
                return;
            case Manner.AnswersLate:
                long start = Stopwatch.GetTimestamp();
                while (taken.ResponseState == ResponseState.Held && Stopwatch.GetElapsedTime(start).TotalMilliseconds < 30) Thread.Sleep(1);
                _figures.Count("answer: late");
                break;
        }

        Respond(taken);
        if (_manner != Manner.AnswersTwice) return;
        _figures.Count("answer: twice");
        Respond(taken);
    }

    private void Respond(VmEvent taken)
    {
        VmEventResponse response = _random.Next(_manner == Manner.AnswersNonsense ? 8 : 3) switch
        {
            0 when taken.Kind is VmEventKind.WriteControlRegister or VmEventKind.MovToMsr => VmEventResponse.Deny,
            3 => VmEventResponse.Deny,
            4 => VmEventResponse.Reinject,
            5 => new VmEventResponse { ToggleSingleStep = true },
            6 => new VmEventResponse { View = 1 },
            7 => VmEventResponse.EmulateNoWrite,
            _ => VmEventResponse.Continue,
        };
        try
        {
            taken.Respond(response);
        }
        catch (XenException e) when (e.Id is XenErrorId.AlreadyAnswered or XenErrorId.ResponseNotApplicable or XenErrorId.NotSupported
            or XenErrorId.ViewNotFound or XenErrorId.SessionEnded)
        {
            _figures.Count($"answer refused: {e.Id}");
        }
    }
}
