using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>
/// What Register-XenVmEvent registers: domains that are watched as long as somebody is subscribed. When the last one
/// unsubscribes, everything is given back before that returns.
/// </summary>
public sealed class RegisteredWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<MonitorSession> _ownSessions = [];
    private readonly List<(EventSubscription Subscription, MonitorSession Session)> _watches = [];
    private readonly ArrivalSignal _arrival = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly int _most;
    private EventHandler<VmEventArgs>? _handlers;
    private Thread? _thread;
    private int _raised;

    /// <param name="most">Raise no more events than so many; 0: all.</param>
    internal RegisteredWatch(int most) => _most = most;

    /// <summary>Raised when a guest does something that is watched, on a thread of its own.</summary>
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

    /// <summary>Whether somebody is subscribed.</summary>
    internal bool IsSubscribed => _handlers is not null;

    /// <summary>Ends the watch, and the sessions that were opened for it.</summary>
    public void Dispose()
    {
        // Not waiting for the thread: it may be the one that unsubscribes, or wait for the one that does.
        _stop.Cancel();
        foreach ((EventSubscription subscription, _) in _watches) subscription.Dispose();
        foreach (MonitorSession session in _ownSessions) session.Stop();
    }

    /// <summary>Begins to watch a domain. Before anybody is subscribed.</summary>
    /// <exception cref="XenException">It cannot be watched so.</exception>
    internal void Add(XenDomain domain, EventWatch watch, MonitorOptions options, bool guarded)
    {
        MonitorSession? session = XenHost.FindSession(domain);
        if (session is null)
        {
            session = XenHost.StartSession(domain, options, guarded);
            _ownSessions.Add(session);
        }

        _watches.Add((session.Watch(watch, _arrival), session));
    }

    private bool IsOver => _watches.TrueForAll(w => w.Subscription.IsCompleted);

    private void RaiseEvents()
    {
        try
        {
            while (!_stop.IsCancellationRequested && !IsOver)
            {
                bool any = false;
                foreach ((EventSubscription subscription, _) in _watches)
                {
                    if (_stop.IsCancellationRequested || !subscription.TryTake(out VmEvent? vmEvent)) continue;
                    any = true;
                    _handlers?.Invoke(this, new VmEventArgs(vmEvent));

                    // Who subscribed with -MaxTriggerCount is about to unsubscribe, and shall not get more meanwhile.
                    if (++_raised == _most) return;
                }

                if (!any) _arrival.Wait(() => IsOver || _watches.Exists(w => w.Subscription.HasNews && !w.Subscription.IsCompleted), Timeout.InfiniteTimeSpan, _stop.Token);
            }

            TellOfEnds();
        }
        catch (OperationCanceledException)
        {
            // Nobody is subscribed any more.
        }
        finally
        {
            _arrival.Dispose();
        }
    }

    /// <summary>Nobody asked for it to end: the next cmdlet tells why.</summary>
    private void TellOfEnds()
    {
        if (_stop.IsCancellationRequested) return;
        foreach ((_, MonitorSession session) in _watches)
        {
            if ((session.ExplainDomainEnd(_stop.Token) ?? session.End?.Failure) is { } why) XenHost.Warnings.Enqueue($"A registered watch has ended: {why.Message}");
        }
    }
}
