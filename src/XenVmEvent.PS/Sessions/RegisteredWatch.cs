using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>
/// The object that Register-XenVmEvent registers: domains that are watched as long as there is a subscriber. When the
/// last subscriber unsubscribes, everything is given back before that returns.
/// </summary>
public sealed class RegisteredWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly EventStream _events;
    private readonly int _most;
    private EventHandler<VmEventArgs>? _handlers;
    private Thread? _thread;
    private int _raised;

    /// <param name="events">The events of the watch; ended together with this.</param>
    /// <param name="most">Raise at most this many events; 0: no limit.</param>
    internal RegisteredWatch(EventStream events, int most)
    {
        _events = events;
        _most = most;
    }

    /// <summary>Raised when a guest does something that is watched, on its own thread.</summary>
    public event EventHandler<VmEventArgs> EventArrived
    {
        add
        {
            lock (_gate)
            {
                _handlers += value;
                if (_thread is not null) return;
                _thread = new Thread(RaiseEvents) { IsBackground = true, Name = "Registered watch" };
                _thread.Start();
            }
        }

        remove
        {
            lock (_gate)
            {
                _handlers -= value;
                if (_handlers is not null) return;
            }

            Dispose();
        }
    }

    /// <summary>Whether there is a subscriber.</summary>
    internal bool IsSubscribed => _handlers is not null;

    /// <summary>Ends the watch, and the sessions that nobody else uses.</summary>
    public void Dispose()
    {
        // Without waiting for the thread: it may be the one that unsubscribes, or wait for the one that does.
        _stop.Cancel();
        _events.Stop();
        if (_thread is null) _events.Dispose();
    }

    private void RaiseEvents()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                if (_events.TryTake(out VmEvent? vmEvent, out _))
                {
                    _handlers?.Invoke(this, new VmEventArgs(vmEvent));

                    // A subscriber with -MaxTriggerCount is about to unsubscribe, and must not get more meanwhile.
                    if (++_raised == _most) return;
                    continue;
                }

                if (_events.IsOver) break;
                _events.Wait(Timeout.InfiniteTimeSpan, _stop.Token);
            }

            TellOfEnds();
        }
        finally
        {
            _events.Dispose();
        }
    }

    /// <summary>Nobody asked for the end: the next cmdlet reports why.</summary>
    private void TellOfEnds()
    {
        if (_stop.IsCancellationRequested) return;
        long overwritten = _events.Overwritten;
        if (overwritten > 0) XenHost.Warnings.Enqueue($"{overwritten} events of a registered watch were lost: {EventStream.WhyOverwritten}.");
        foreach ((XenException error, _) in _events.End(hasAll: false, _stop.Token)) XenHost.Warnings.Enqueue($"A registered watch has ended: {error.Message}");
    }
}

/// <summary>The $EventArgs of Register-XenVmEvent's action.</summary>
/// <param name="vmEvent">The event.</param>
public sealed class VmEventArgs(VmEvent vmEvent) : EventArgs
{
    /// <summary>The event.</summary>
    public VmEvent VmEvent { get; } = vmEvent;
}
