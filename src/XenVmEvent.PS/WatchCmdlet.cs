using System.Diagnostics;
using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>
/// What the Watch cmdlets share: they write events of one or more domains until enough came, the time is over, the
/// pipeline is stopped or the domains are gone, and then give everything back.
/// </summary>
public abstract class WatchCmdlet : DomainCmdlet
{
    private readonly List<XenDomain> _domains = [];
    private readonly List<MonitorSession> _ownSessions = [];
    private readonly List<(EventSubscription Subscription, MonitorSession Session)> _watches = [];
    private readonly ArrivalSignal _arrival = new();
    private EventLookup? _lookup;
    private long _lost;

    /// <summary>The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain returns.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>End after so many events.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long First { get; set; } = long.MaxValue;

    /// <summary>End after so long. A number is seconds.</summary>
    [Parameter]
    [DurationTransformation]
    [PositiveDuration]
    public TimeSpan Duration { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// Each event waits for an answer by Set-XenVmEventResponse in the pipeline; what the pipeline leaves unanswered gets
    /// its default.
    /// </summary>
    [Parameter]
    public SwitchParameter Hold { get; set; }

    /// <summary>How long an event may wait for its answer before the default goes out. A number is seconds.</summary>
    [Parameter]
    [DurationTransformation]
    [PositiveDuration(MostMinutes = MonitorOptions.LongestResponseMinutes)]
    public TimeSpan ResponseTimeout { get; set; } = MonitorOptions.DefaultResponseTimeout;

    /// <summary>How many events wait for the pipeline at most; a full buffer slows the guest.</summary>
    [Parameter]
    [ValidateRange(1, 1 << 24)]
    public int BufferSize { get; set; } = 4096;

    /// <summary>Give each event the instruction at its instruction pointer, as text in Intel's syntax (x86).</summary>
    [Parameter]
    public SwitchParameter Disassemble { get; set; }

    /// <summary>
    /// Give each event the symbol that its instruction pointer is in, as in do_syscall_64+0x38: the file of the guest's
    /// symbols, its System.map or a copy of its /proc/kallsyms.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SymbolMap { get; set; }

    /// <summary>No second process that frees the guest if this one is killed.</summary>
    [Parameter]
    public SwitchParameter NoGuard { get; set; }

    /// <summary>How events travel: slotted where the host offers it (Auto), by the ring, or slotted or not at all.</summary>
    [Parameter]
    public ChannelPreference Channel { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachDomain(Domain, IsGuest, domain =>
    {
        if (!_domains.Contains(domain) && ShouldProcess(domain.ToString(), Action)) _domains.Add(domain);
    });

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (Disassemble || SymbolMap is not null) _lookup = new EventLookup(SymbolMap is null ? null : ReadSymbols(SymbolMap), Disassemble);
        foreach (XenDomain domain in _domains) Report(domain, () => Begin(domain));
        if (_watches.Count > 0) WriteEvents();
        WarnOfLost();
        End();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // Also the way out when the pipeline is stopped, or something down the pipeline has enough or throws.
        if (disposing)
        {
            foreach ((EventSubscription subscription, _) in _watches) subscription.Dispose();
            foreach (MonitorSession session in _ownSessions) session.Stop();
            _arrival.Dispose();
            _lookup?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>What is done, for -WhatIf and -Confirm.</summary>
    private protected abstract string Action { get; }

    /// <summary>What to see.</summary>
    private protected abstract EventWatch CreateWatch();

    /// <summary>No domain will raise an event any more.</summary>
    private bool IsOver => _watches.TrueForAll(w => w.Subscription.IsCompleted);

    private void Begin(XenDomain domain)
    {
        MonitorSession? session = XenHost.FindSession(domain);
        if (session is null)
        {
            session = XenHost.StartSession(domain, new MonitorOptions { Channel = Channel, ResponseTimeout = ResponseTimeout }, guarded: !NoGuard);
            _ownSessions.Add(session);
        }
        else
        {
            WarnOfIgnored(session);
        }

        try
        {
            _lookup?.Add(domain);
            _watches.Add((session.Watch(CreateWatch() with { Hold = Hold, BufferSize = BufferSize }, _arrival), session));
        }
        catch (XenException)
        {
            if (_ownSessions.Remove(session)) session.Stop();
            throw;
        }

        WriteVerbose($"Watching {domain} by the {session.Channel} channel.");
    }

    private void WarnOfIgnored(MonitorSession session)
    {
        if (MyInvocation.BoundParameters.ContainsKey(nameof(Channel)) && Channel != ChannelPreference.Auto && Channel.ToString() != session.Channel.ToString())
        {
            WriteWarning($"{session.Domain} is monitored by the {session.Channel} channel already; -Channel {Channel} has no effect.");
        }

        if (MyInvocation.BoundParameters.ContainsKey(nameof(ResponseTimeout)) && ResponseTimeout != session.Options.ResponseTimeout)
        {
            WriteWarning($"{session.Domain} is monitored with a response timeout of {session.Options.ResponseTimeout} already; -ResponseTimeout has no effect.");
        }
    }

    private void WriteEvents()
    {
        long start = Stopwatch.GetTimestamp();
        long written = 0;
        while (!Stopped.IsCancellationRequested)
        {
            TimeSpan left = Duration == Timeout.InfiniteTimeSpan ? Duration : Duration - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero && left != Timeout.InfiniteTimeSpan) return;
            long before = written;
            foreach ((EventSubscription subscription, MonitorSession session) in _watches)
            {
                if (!subscription.TryTake(out VmEvent? vmEvent)) continue;
                _lookup?.Complete(vmEvent);
                WriteObject(vmEvent);
                if (Hold) session.Release(vmEvent);
                if (++written == First) return;
            }

            if (written > before) continue;
            WarnOfLost();
            WarnOfGuards();
            if (IsOver) return;
            WaitForEvents(left);
        }
    }

    private void WaitForEvents(TimeSpan timeout)
    {
        try
        {
            _arrival.Wait(() => IsOver || _watches.Exists(w => w.Subscription.HasNews && !w.Subscription.IsCompleted), timeout, Stopped);
        }
        catch (OperationCanceledException)
        {
            // The pipeline is being stopped.
        }
    }

    private Symbols.SymbolMap ReadSymbols(string path)
    {
        try
        {
            string file = GetUnresolvedProviderPathFromPSPath(path);
            return Symbols.SymbolMap.Read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            ThrowTerminatingError(new ErrorRecord(e, "SymbolMapNotRead", ErrorCategory.ReadError, path)
            {
                ErrorDetails = new ErrorDetails($"The symbols in {path} cannot be read. {e.Message}")
                {
                    RecommendedAction = "Name the guest's System.map, or a copy of its /proc/kallsyms.",
                },
            });
            throw;
        }
    }

    private void WarnOfLost()
    {
        long now = _watches.Sum(w => w.Subscription.Dropped);
        if (now == _lost) return;
        WriteWarning($"{now - _lost} events were lost: the pipeline did not take them within the response timeout.");
        _lost = now;
    }

    /// <summary>Ends what this cmdlet began, and says what went wrong.</summary>
    private void End()
    {
        foreach ((EventSubscription subscription, MonitorSession session) in _watches)
        {
            subscription.Dispose();
            SessionEnd? end = _ownSessions.Contains(session) ? session.Stop() : session.End;
            if (end is null) continue;
            if (session.ExplainDomainEnd(Stopped) is { } ended) WriteError(ToErrorRecord(ended, session.Domain));
            if (end.Failure is { } failure) WriteError(ToErrorRecord(failure, session.Domain));
            foreach (XenException e in end.TeardownFailures) WriteError(ToErrorRecord(e, session.Domain));
        }

        _watches.Clear();
        _ownSessions.Clear();
    }
}
