using System.Globalization;
using System.Runtime.CompilerServices;
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
    private readonly CancellationTokenSource _stop = new();
    private readonly GatheredEvents _events = new();
    private bool _hasFailed;
    private long _lost;

    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        VmEventPolicy policy = PolicyFile.Read(arguments.Policy);

        // The process does not end yet: first the guests get everything back.
        using IDisposable signals = EndingSignals.Outlive(_stop.Cancel);
        using IHypervisor hypervisor = Hosts.Connect(arguments.Simulate, arguments.Trace, arguments.Fast, arguments.NoGuard);
        XenDomain[] domains = arguments.Follow ? [] : Find(policy, hypervisor);
        Predicate<XenDomain> isNamed = arguments is { Follow: true, Domain: { } name } ? hypervisor.MeantBy(name) : _ => true;
        using RecordingWriter? recording = arguments.Output is { } file ? RecordingWriter.Open(file) : null;
        using Stream? output = recording is null ? StandardOutput.Open() : null;
        if (RuntimeFeature.IsDynamicCodeCompiled) Rehearsal.EnsureDone(); // The published file is native code and does not need it.
        EventPrinter printer = new(_events, arguments.First) { LetGo = arguments.Follow ? LetGo : null };
        try
        {
            foreach (XenDomain domain in domains) Try(() => Begin(policy, hypervisor, domain));
            if (!arguments.Follow && _events.Sessions.Count == 0) return ExitCode.Failure;
            recording?.Begin();
            string whom = arguments.Follow ? string.Join(", ", policy.Domains) : string.Join(", ", _events.Sessions.Select(one => one.Session.Domain));
            StandardError.Say($"{policy.Name} {(policy.Mode == PolicyMode.Enforce ? "decides for" : "watches")} {whom}; Ctrl-C ends");
            using DomainFollower? follower = arguments.Follow
                ? new DomainFollower(hypervisor, domain => policy.AppliesTo(domain) && isNamed(domain), domain => Begin(policy, hypervisor, domain), StandardError.Say) : null;
            if (Print(printer, output, recording) is { } unwritten) Fail(unwritten);
        }
        finally
        {
            foreach (GatheredSession guest in _events.Sessions) Conclude(guest);
        }

        if (recording is not null) Try(recording.Close);
        StandardError.Say($"{printer.Shown} events {(recording is null ? "shown" : "recorded")}, {(_lost == 0 ? "none lost" : $"{_lost} dropped")}");
        return _hasFailed ? ExitCode.Failure : ExitCode.Success;
    }

    public void Dispose()
    {
        _events.Dispose();
        _stop.Dispose();
    }

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
            "Start one, or wait for it with --follow, or change the policy's 'domains'.",
            task: RemedyTask.ListDomains);
    }

    private MonitorSession Begin(VmEventPolicy policy, IHypervisor hypervisor, XenDomain domain)
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
            _events.Apply(session, rules);
            return session;
        }
        catch
        {
            session.Stop();
            throw;
        }
    }

    /// <returns>Why not everything could be written; null if it could, or if nobody reads it any more.</returns>
    private XenException? Print(EventPrinter printer, Stream? output, RecordingWriter? recording)
    {
        using JsonEventWriter? json = output is not null && arguments.Format == OutputFormat.Json ? new JsonEventWriter(output) : null;
        IEventWriter writer = recording is not null ? new RecordingEventWriter(recording) : (IEventWriter?)json ?? new RuledEventWriter(output!);
        if (arguments.Duration is { } duration) _stop.CancelAfter(duration);
        return printer.Print(writer, _stop.Token);
    }

    /// <summary>Lets go of guests that have ended and whose events were all taken.</summary>
    private void LetGo()
    {
        foreach (GatheredSession ended in _events.RemoveEnded())
        {
            ended.Subscription.Dispose();
            Conclude(ended);
        }
    }

    /// <summary>Ends a session, whatever happened before, and reports what its rules did and what went wrong.</summary>
    private void Conclude(GatheredSession guest)
    {
        (MonitorSession session, EventSubscription events) = guest;
        SessionEnd end = session.Stop();
        foreach (RuleCounts rule in events.RuleCounts)
        {
            string shed = rule.Shed > 0 ? $", {rule.Shed} not shown because of a limit" : "";
            string slowed = rule.Slowed > 0 ? $", {rule.Slowed} waited because of a limit" : "";
            string waits = rule.HasBegun ? "" : ", has not begun";
            string unsuitable = rule.Unsuitable > 0 ? $", its answer did not suit {rule.Unsuitable}" : "";
            StandardError.Say(string.Create(
                CultureInfo.InvariantCulture, $"{session.Domain.Name}: {rule.Rule}: {rule.Fitted} events, {rule.Answered} answered, {rule.Reported} shown{shed}{slowed}{unsuitable}{waits}"));
        }

        _lost += session.GetStatistics().Lost;
        if (end.DomainState == DomainState.Replayed) StandardError.Say($"{session.Domain} {end.DomainEnd}");
        foreach (XenException failure in end.TeardownFailures) Fail(failure);
        if (arguments.Follow) return; // The follower has told how guests ended.
        if (end.Failure is { } cause) Fail(cause);
        if (session.ExplainDomainEnd(_stop.Token) is { } ended) Fail(ended);
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
