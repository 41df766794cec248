using System.Globalization;
using System.Runtime.CompilerServices;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;
using XenVmEvent.Recording;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;

namespace XenVmEvent.Cli;

/// <summary>
/// Applies a policy to its guests and prints the events that it reports, until the count, the time or a signal ends it,
/// or the last guest is gone.
/// </summary>
internal sealed class ApplyRun(ApplyArguments arguments) : IDisposable
{
    private const int BrokenPipe = 32;

    private readonly CancellationTokenSource _stop = new();
    private readonly ArrivalSignal _arrival = new();
    private readonly List<(MonitorSession Session, EventSubscription Events)> _guests = [];
    private bool _hasFailed;
    private long _shown;
    private int _next;

    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        VmEventPolicy policy = PolicyFile.Read(arguments.Policy);

        // The process does not end yet: first the guests get everything back.
        using IDisposable signals = EndingSignals.Outlive(_stop.Cancel);
        using IHypervisor hypervisor = Hosts.Connect(arguments.Simulate, arguments.Trace, arguments.Fast, arguments.NoGuard);
        XenDomain[] domains = Find(policy, hypervisor);
        using RecordingWriter? recording = arguments.Output is { } file ? RecordingWriter.Open(file) : null;
        using Stream? output = recording is null ? StandardOutput.Open() : null;
        if (RuntimeFeature.IsDynamicCodeCompiled) Rehearsal.EnsureDone(); // The published file is native code and does not need it.
        try
        {
            foreach (XenDomain domain in domains) Try(() => Begin(policy, hypervisor, domain));
            if (_guests.Count == 0) return ExitCode.Failure;
            recording?.Begin();
            StandardError.Say($"{policy.Name} {(policy.Mode == PolicyMode.Enforce ? "decides for" : "watches")} {string.Join(", ", _guests.Select(guest => guest.Session.Domain))}; Ctrl-C ends");
            Try(() => Print(output, recording));
        }
        finally
        {
            foreach ((MonitorSession session, EventSubscription events) in _guests) Conclude(session, events);
        }

        if (recording is not null) Try(recording.Close);
        StandardError.Say($"{_shown} events {(recording is null ? "shown" : "recorded")}");
        return _hasFailed ? ExitCode.Failure : ExitCode.Success;
    }

    public void Dispose()
    {
        _arrival.Dispose();
        _stop.Dispose();
    }

    private bool IsWanted => arguments.First is not { } first || _shown < first;

    /// <summary>The guests that the policy is for, or the named one of them.</summary>
    private XenDomain[] Find(VmEventPolicy policy, IHypervisor hypervisor)
    {
        if (arguments.Domain is { } name)
        {
            XenDomain domain = hypervisor.FindDomain(name);
            if (policy.AppliesTo(domain)) return [domain];
            throw new XenException(
                XenErrorId.InvalidArgument, $"The policy {policy.Name} is not for {domain}: it is for {string.Join(", ", policy.Domains)}.", "Name another guest, or add this one to the policy's 'domains'.");
        }

        XenDomain[] domains = [.. hypervisor.GetDomains().Where(domain => domain.Type != DomainType.PV && policy.AppliesTo(domain))];
        return domains.Length > 0 ? domains : throw new XenException(
            XenErrorId.DomainNotFound,
            $"No guest runs that the policy {policy.Name} is for: it is for {string.Join(", ", policy.Domains)}.",
            "Start one, or change the policy's 'domains'.",
            task: RemedyTask.ListDomains);
    }

    private void Begin(VmEventPolicy policy, IHypervisor hypervisor, XenDomain domain)
    {
        EventRules rules = policy.RulesFor(hypervisor, domain, StandardError.Say);
        MonitorSession session = MonitorSession.Start(hypervisor, domain, new MonitorOptions
        {
            Channel = arguments.Channel,
            ResponseTimeout = policy.Limits.HoldTime ?? MonitorOptions.DefaultResponseTimeout,
            Warn = StandardError.Say,
        });
        try
        {
            _guests.Add((session, session.Apply(rules, arrival: _arrival)));
        }
        catch
        {
            session.Stop();
            throw;
        }
    }

    private void Print(Stream? output, RecordingWriter? recording)
    {
        using JsonEventWriter? json = output is not null && arguments.Format == OutputFormat.Json ? new JsonEventWriter(output) : null;
        IEventWriter writer = recording is not null ? new RecordingEventWriter(recording) : (IEventWriter?)json ?? new RuledEventWriter(output!);
        if (arguments.Duration is { } duration) _stop.CancelAfter(duration);
        try
        {
            while (IsWanted && !_stop.IsCancellationRequested)
            {
                if (TakesNext(writer)) continue;
                writer.Flush(); // Nothing more now: what was printed must become visible.
                if (_guests.TrueForAll(guest => guest.Events.IsCompleted)) break;
                Wait();
            }

            // What the guests did until they were no longer watched belongs to the output.
            foreach ((_, EventSubscription events) in _guests) events.Dispose();
            while (IsWanted && TakesNext(writer))
            {
            }

            writer.Finish();
        }
        catch (IOException e) when (e.HResult == BrokenPipe)
        {
            // The reader of our output has gone away.
        }
        catch (Exception e) when (StandardOutput.IsFailure(e))
        {
            throw StandardOutput.Failed(e);
        }
    }

    /// <summary>Writes the next event if there is one, of each guest in turn.</summary>
    private bool TakesNext(IEventWriter writer)
    {
        for (int i = 0; i < _guests.Count; i++)
        {
            _next = (_next + 1) % _guests.Count;
            if (!_guests[_next].Events.TryTake(out VmEvent? vmEvent)) continue;
            writer.Write(vmEvent);
            _shown++;
            return true;
        }

        return false;
    }

    private void Wait()
    {
        try
        {
            _arrival.Wait(
                () => _guests.TrueForAll(guest => guest.Events.IsCompleted) || _guests.Exists(guest => guest.Events.HasNews && !guest.Events.IsCompleted),
                Timeout.InfiniteTimeSpan,
                _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The loop looks.
        }
    }

    /// <summary>Ends a session, whatever happened before, and reports what its rules did and what went wrong.</summary>
    private void Conclude(MonitorSession session, EventSubscription events)
    {
        SessionEnd end = session.Stop();
        foreach (RuleCounts rule in events.RuleCounts)
        {
            string shed = rule.Shed > 0 ? $", {rule.Shed} not shown because of a limit" : "";
            string unsuitable = rule.Unsuitable > 0 ? $", its answer did not suit {rule.Unsuitable}" : "";
            StandardError.Say(string.Create(
                CultureInfo.InvariantCulture, $"{session.Domain.Name}: {rule.Rule}: {rule.Fitted} events, {rule.Answered} answered, {rule.Reported} shown{shed}{unsuitable}"));
        }

        MonitorStatistics statistics = session.GetStatistics();
        long lost = statistics.Lost - events.Shed;
        if (lost > 0) StandardError.Say($"{session.Domain.Name}: {lost} events were lost before they could be shown");
        if (end.DomainState == DomainState.Replayed) StandardError.Say($"{session.Domain} {end.DomainEnd}");
        XenException?[] errors = [.. end.TeardownFailures, end.Failure, session.ExplainDomainEnd(_stop.Token)];
        foreach (XenException error in errors.OfType<XenException>()) Fail(error);
    }

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (XenException e)
        {
            Fail(e);
        }
    }

    private void Fail(XenException e)
    {
        StandardError.Say(e);
        _hasFailed = true;
    }
}
