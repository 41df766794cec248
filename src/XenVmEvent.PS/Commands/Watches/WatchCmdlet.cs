using System.Diagnostics;
using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;
using XenVmEvent.Symbols;

namespace XenVmEvent.PS;

/// <summary>
/// The base of the Watch cmdlets. They write events of one or more domains until enough have come, the time is over,
/// the pipeline is stopped or the domains are gone. Then they give everything back.
/// </summary>
public abstract class WatchCmdlet : DomainCmdlet
{
    private readonly List<XenDomain> _domains = [];
    private readonly List<DomainSelector> _followed = [];
    private EventStream? _events;
    private long _dropped;
    private long _overwritten;

    /// <summary>The domains: ids, names with or without wildcards, uuids, or what Get-XenDomain returns.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [DomainTransformation]
    [ArgumentCompleter(typeof(DomainCompleter))]
    public DomainSelector[] Domain { get; set; } = [];

    /// <summary>
    /// Watch every guest that -Domain means, also those that start later, reboot, are restored or migrate here, until
    /// the end. Each that starts is kept back until it is watched, for 20 s at most. -Verbose tells of each.
    /// </summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <summary>End after this many events.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long First { get; set; } = long.MaxValue;

    /// <summary>End after this time. A number is in seconds.</summary>
    [Parameter]
    [DurationTransformation]
    [PositiveDuration]
    public TimeSpan Duration { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// Each event waits for an answer by Set-XenVmEventResponse in the pipeline. An event that the pipeline leaves
    /// unanswered gets its default answer.
    /// </summary>
    [Parameter]
    public SwitchParameter Hold { get; set; }

    /// <summary>
    /// How long an event may wait for its answer before the default goes out. A number is in seconds.
    /// </summary>
    [Parameter]
    [DurationTransformation]
    [PositiveDuration(MostMinutes = MonitorOptions.LongestResponseMinutes)]
    public TimeSpan ResponseTimeout { get; set; } = MonitorOptions.DefaultResponseTimeout;

    /// <summary>The maximum number of events that wait for the pipeline. A full buffer slows the guest.</summary>
    [Parameter]
    [ValidateRange(1, 1 << 24)]
    public int BufferSize { get; set; } = 4096;

    /// <summary>Give each event the instruction at its instruction pointer, as text in Intel's syntax (x86).</summary>
    [Parameter]
    public SwitchParameter Disassemble { get; set; }

    /// <summary>
    /// Give each event the symbol that its instruction pointer is in, such as do_syscall_64+0x38. The file has the
    /// guest's symbols: its System.map or a copy of its /proc/kallsyms.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SymbolMap { get; set; }

    /// <summary>
    /// Only events whose instruction pointer is in these ranges, such as 0xffffffff81000000-0xffffffff81ffffff.
    /// </summary>
    [Parameter]
    [AddressTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressRange[] InstructionPointer { get; set; } = [];

    /// <summary>
    /// Only events whose instruction pointer is in these symbols of -SymbolMap. The names may have wildcards.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Symbol { get; set; } = [];

    /// <summary>
    /// Watch in the background: writes a job instead of events. Receive-Job gets its events. The job takes all events
    /// that the guest raises; those that the buffer cannot hold wait on the disk. Stop-Job and Remove-Job end the
    /// watch.
    /// </summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <summary>Start no second process that frees the guest if this one is killed.</summary>
    [Parameter]
    public SwitchParameter NoGuard { get; set; }

    /// <summary>
    /// The channel that carries events: slotted if the host offers it (Auto), the ring, or slotted with an error if the
    /// host does not offer it.
    /// </summary>
    [Parameter]
    public ChannelPreference Channel { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Follow)
        {
            _followed.AddRange(Domain.Where(selector => ShouldProcess(selector.ToString(), Action)));
            return;
        }

        ForEachDomain(Domain, IsGuest, domain =>
        {
            if (!_domains.Contains(domain) && ShouldProcess(domain.ToString(), Action)) _domains.Add(domain);
        });
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (AsJob && Hold) ThrowTerminatingError(ToErrorRecord(NoAnswersInJobs(), Domain));
        SymbolMap? symbols = SymbolMap is null ? null : SymbolFile.Read(this, SymbolMap);
        VmEventPolicy? policy = null;
        Require(Domain, () => policy = ReadPolicy());
        EventWatch watch = CreateWatch() with { Hold = Hold, BufferSize = BufferSize };
        Require(Domain, () => watch = watch with { Selection = CreateSelection() with { InstructionPointers = SymbolFile.Select(InstructionPointer, symbols, Symbol) } });
        EventLookup? lookup = Disassemble || symbols is not null ? new EventLookup(symbols, Disassemble) : null;
        bool hasTimeout = MyInvocation.BoundParameters.ContainsKey(nameof(ResponseTimeout));
        MonitorOptions options = new() { Channel = Channel, ResponseTimeout = hasTimeout ? ResponseTimeout : policy?.Limits.HoldTime ?? ResponseTimeout };
        _events = new EventStream(watch, policy, options, !NoGuard, lookup);
        foreach (XenDomain domain in _domains)
        {
            if (policy?.AppliesTo(domain) == false) WriteVerbose($"The policy {policy} is not for {domain}.");
            else Report(domain, () => Begin(domain));
        }

        BeginToFollow(policy);
        if (_events.IsEmpty) return;
        if (AsJob)
        {
            StartJob();
            return;
        }

        bool hasAll = WriteEvents() == First;
        WarnOfLost();
        TellNews();
        foreach ((XenException error, XenDomain domain) in _events.End(hasAll, Stopped)) WriteError(ToErrorRecord(error, domain));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // This also runs if the pipeline is stopped, or if something down the pipeline has enough or throws.
        if (disposing) _events?.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>The action, for -WhatIf and -Confirm.</summary>
    private protected abstract string Action { get; }

    /// <summary>Reads the policy whose events to see; null: there is none.</summary>
    private protected virtual VmEventPolicy? ReadPolicy() => null;

    /// <summary>Makes the watch that says which events to see.</summary>
    private protected abstract EventWatch CreateWatch();

    /// <summary>Makes the selection among these events, except by the code that raises them.</summary>
    private protected abstract EventSelection CreateSelection();

    private void Begin(XenDomain domain)
    {
        MonitorSession? running = XenHost.FindSession(domain);
        MonitorSession session = _events!.Add(domain);
        if (running is not null) WarnOfIgnored(running);
        WarnOfGuards();
        WriteVerbose($"Watching {domain} by the {session.Channel} channel{(running is null ? "" : ", in the session that it has")}.");
    }

    private void BeginToFollow(VmEventPolicy? policy)
    {
        List<Predicate<XenDomain>> meanings = [];
        foreach (DomainSelector selector in _followed) Report(selector.ToString(), () => meanings.Add(selector.MeantBy(XenHost.Current)));
        if (meanings.Count == 0) return;
        Require(Domain, () => _events!.Follow(domain => policy?.AppliesTo(domain) != false && meanings.Exists(isMeant => isMeant(domain)), string.Join(", ", _followed)));
    }

    /// <summary>Says what happened to guests that are followed.</summary>
    private void TellNews()
    {
        while (_events!.TryTakeNews(out FollowNews? news))
        {
            if (news.Error is null) WriteVerbose($"{news}.");
            else WriteWarning($"{news}");
        }
    }

    private void StartJob()
    {
        WatchJob job = new(MyInvocation.Line, _events!, First, Duration, BufferSize);
        _events = null; // The job ends it.
        JobRepository.Add(job);
        job.Start();
        WriteObject(job);
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

    /// <returns>The number of events written.</returns>
    private long WriteEvents()
    {
        EventStream events = _events!;
        using WatchProgress progress = new(this, events);
        long start = Stopwatch.GetTimestamp();
        long written = 0;
        while (!Stopped.IsCancellationRequested)
        {
            TimeSpan left = Duration == Timeout.InfiniteTimeSpan ? Duration : Duration - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero && left != Timeout.InfiniteTimeSpan) break;
            if (events.TryTake(out VmEvent? vmEvent, out MonitorSession? session))
            {
                WriteObject(vmEvent);
                if (Hold) session.Release(vmEvent);
                progress.Show(++written);
                if (written == First) break;
                continue;
            }

            WarnOfLost();
            WarnOfGuards();
            TellNews();
            if (events.IsOver) break;
            progress.Show(written);
            events.Wait(progress.Limit(left), Stopped);
        }

        return written;
    }

    private void WarnOfLost()
    {
        Warn(_events!.Dropped, ref _dropped, "the pipeline did not take them within the response timeout");
        Warn(_events.Overwritten, ref _overwritten, EventStream.WhyOverwritten);

        void Warn(long now, ref long before, string why)
        {
            if (now == before) return;
            WriteWarning($"{now - before} events were lost: {why}.");
            before = now;
        }
    }

    private static XenException NoAnswersInJobs() => new(
        XenErrorId.InvalidArgument,
        "A job's events cannot be answered: they are received when the guest has long gone on.",
        "Leave -Hold or -AsJob out; Set-XenVmEventResponse -Domain -Event sets an answer for all events of a kind.");
}
