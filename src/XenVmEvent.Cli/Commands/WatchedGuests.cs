using System.Collections.Concurrent;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Cli;

/// <summary>
/// The guests that a run watches: their sessions, events and figures. Used by one thread, except <see cref="Begin"/>.
/// </summary>
/// <param name="hypervisor">The host.</param>
/// <param name="arguments">What the command line asks for.</param>
/// <param name="watch">What to watch of each guest.</param>
internal sealed class WatchedGuests(IHypervisor hypervisor, WatchArguments arguments, EventWatch watch) : IDisposable
{
    private readonly ConcurrentDictionary<uint, ushort> _views = new();

    /// <summary>Their events.</summary>
    public GatheredEvents Events { get; } = new();

    /// <summary>By domain id, the view to which its vCPUs return after each step; empty if views are not used.</summary>
    public IReadOnlyDictionary<uint, ushort> Views => _views;

    /// <summary>How many events the sessions saw that have ended.</summary>
    public long Seen { get; private set; }

    /// <summary>How many events they lost.</summary>
    public long Lost { get; private set; }

    /// <summary>How many of the lost events Xen overwrote.</summary>
    public long Overwritten { get; private set; }

    /// <summary>Whether something could not be given back to a guest.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Begins to watch a guest.</summary>
    /// <exception cref="XenException">It cannot be watched; nothing has changed in it.</exception>
    public MonitorSession Begin(XenDomain domain)
    {
        // In a view, steps come if the processor supports them; otherwise they are not asked for.
        MonitorSession.EnsurePossible(hypervisor, domain, arguments.Mode.UsesView ? watch with { Kinds = [VmEventKind.MemAccess] } : watch);
        MonitorSession session = MonitorSession.Start(hypervisor, domain, new MonitorOptions
        {
            Channel = arguments.Channel,
            ListenerRequired = arguments.ListenerRequired,
            Warn = StandardError.Say,
        });
        try
        {
            Watch(session);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Lets go of guests that have ended and whose events were all taken.</summary>
    public void LetGo()
    {
        foreach (GatheredSession ended in Events.RemoveEnded()) End(ended);
    }

    /// <summary>Ends all sessions, and reports what could not be given back.</summary>
    public void End()
    {
        foreach (GatheredSession one in Events.Sessions) End(one);
    }

    /// <summary>Ends all sessions, whatever happened before.</summary>
    public void Dispose()
    {
        foreach (GatheredSession one in Events.Sessions) one.Session.Dispose();
        Events.Dispose();
    }

    private void Watch(MonitorSession session)
    {
        EventWatch its = watch;
        if (arguments.Mode.UsesView)
        {
            ushort view = session.CreateView().View;
            _views[session.Domain.Id] = view;
            its = InView(watch, view, session.Capabilities);
        }

        foreach (VmEventKind kind in its.Kinds) session.SetDefaultResponse(kind, arguments.Response);
        Events.Watch(session, its);
        if (arguments.Mode.UsesView) session.SwitchToView(_views[session.Domain.Id]);
    }

    /// <summary>If a processor cannot single-step, Xen emulates, and there are no steps to see.</summary>
    private static EventWatch InView(EventWatch watch, ushort view, MonitorCapabilities capabilities) => watch with
    {
        Pages = watch.Pages! with { View = view },
        Kinds = [.. watch.Kinds.Where(k => k != VmEventKind.SingleStep || (capabilities & MonitorCapabilities.SingleStep) != 0)],
    };

    private void End(GatheredSession one)
    {
        one.Subscription.Dispose();
        SessionEnd end = one.Session.Stop();
        MonitorStatistics statistics = one.Session.GetStatistics();
        Seen += statistics.Events;
        Lost += statistics.Lost;
        Overwritten += statistics.Overwritten;
        _views.TryRemove(one.Session.Domain.Id, out _);
        foreach (XenException failure in end.TeardownFailures) StandardError.Say($"while ending: {failure.Id}: {failure.Message} {Remedies.Of(failure)}");
        HasFailed |= end.TeardownFailures.Count > 0;
    }
}
