using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Measurement;

/// <summary>The counts of some events, in bounded memory.</summary>
internal sealed class EventCounts
{
    /// <summary>Xen's own limit for one domain.</summary>
    private const int MostVCpus = 8192;

    private const int MostDomains = 1024;
    private const int MostHosts = 4096;
    private const int MostRules = 4096;

    private readonly long[] _byKind = new long[(int)VmEventKind.Io + 1];
    private readonly TopCounter<string> _byHost = new(MostHosts);
    private readonly TopCounter<string> _byDomain = new(MostDomains);
    private readonly TopCounter<uint> _byVCpu = new(MostVCpus);
    private readonly TopCounter<(string Domain, ulong Gfn)> _byPage = new(EventMeter.MostDistinct);
    private readonly TopCounter<(string Domain, ulong InstructionPointer)> _byInstruction = new(EventMeter.MostDistinct);
    private readonly TopCounter<(string Policy, string Rule, RuleSeverity Severity, bool IsAnswered)> _byRule = new(MostRules);
    private readonly LatencyHistogram _handling = new();
    private DateTimeOffset _first = DateTimeOffset.MaxValue;
    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private long _timedOut;

    public bool IsEmpty => _first > _last;

    public DateTimeOffset Last => _last;

    public void Add(VmEvent vmEvent, DateTimeOffset time)
    {
        if (time < _first) _first = time;
        if (time > _last) _last = time;
        string domain = vmEvent.Guest;
        _byKind[(int)vmEvent.Kind]++;
        if (vmEvent.HostName is { } host) _byHost.Add(host);
        _byDomain.Add(domain);
        _byVCpu.Add(vmEvent.VCpu);
        _byInstruction.Add((domain, vmEvent.InstructionPointer));
        if (PageOf(vmEvent) is { } gfn) _byPage.Add((domain, gfn));
        if (vmEvent.RuleMark is { } mark) _byRule.Add((mark.Policy, mark.Rule, mark.Severity, vmEvent.ResponseState == ResponseState.Rule));
    }

    /// <summary>The same event again, once its answer is known.</summary>
    public void AddAnswer(VmEvent vmEvent)
    {
        if (vmEvent.HandlingTime is { } time) _handling.Add((long)(time.TotalSeconds * Stopwatch.Frequency));
        if (vmEvent.ResponseState == ResponseState.TimedOut) _timedOut++;
    }

    public EventMeasure Summarize(int top, IReadOnlyList<EventLoss>? losses) => new()
    {
        StartTime = IsEmpty ? default : _first,
        Duration = IsEmpty ? TimeSpan.Zero : _last - _first,
        Events = _byKind.Sum(),
        ByKind = new CountsBy<VmEventKind>(Enum.GetValues<VmEventKind>().Where(k => _byKind[(int)k] != 0).ToDictionary(k => k, k => _byKind[(int)k])),
        ByHost = new CountsBy<string>(_byHost.InOrder().ToDictionary()),
        ByDomain = new CountsBy<string>(_byDomain.InOrder().ToDictionary()),
        ByVCpu = new CountsBy<uint>(_byVCpu.InOrder().ToDictionary()),
        ByRule = new TextList<RuleCount>(_byRule.InOrder()
            .GroupBy(c => (c.Key.Policy, c.Key.Rule, c.Key.Severity))
            .Select(rule => new RuleCount(
                rule.Key.Policy, rule.Key.Rule, rule.Key.Severity, rule.Sum(c => c.Value), rule.Where(c => c.Key.IsAnswered).Sum(c => c.Value)))),
        BusiestPages = new TextList<PageCount>(_byPage.Top(top).Select(c => new PageCount(c.Key.Domain, c.Key.Gfn, c.Value))),
        BusiestInstructions = new TextList<InstructionCount>(
            _byInstruction.Top(top).Select(c => new InstructionCount(c.Key.Domain, c.Key.InstructionPointer, c.Value))),
        HandlingTime = _handling.Summarize(),
        TimedOut = _timedOut,
        Dropped = losses?.Sum(l => l.Events),
        Losses = new TextList<EventLoss>(losses ?? []),
    };

    /// <summary>The page that an event is about, if any.</summary>
    public static ulong? PageOf(VmEvent vmEvent) => vmEvent switch
    {
        MemAccessEvent e => e.Gfn,
        MemPagingEvent e => e.Gfn,
        MemSharingEvent e => e.Gfn,
        _ => null,
    };
}
