using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Agent;
using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>
/// Receive-XenVmEvent: receives the events that the agents of many hosts sent to Redis, in the order of time: the same
/// objects as those of the Watch cmdlets, each with the name of its host.
/// </summary>
[Cmdlet(VerbsCommunications.Receive, "XenVmEvent")]
[OutputType(typeof(VmEvent))]
public sealed class ReceiveXenVmEventCommand : FleetCmdlet
{
    private const int LongestWindowMinutes = 60;

    /// <summary>For a group: after so many events, or so long, Redis is told that they are done with.</summary>
    private const int MostUnacknowledged = 1000;

    private static readonly TimeSpan AcknowledgePeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LateWarningPeriod = TimeSpan.FromMinutes(1);

    private long _written;
    private int _unacknowledged;
    private long _acknowledgedAt;
    private long _late;
    private long _warnedOfLateAt;

    /// <summary>The domains, by name, with or without wildcards. Without it, all.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(NoCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Domain { get; set; } = [];

    /// <summary>The kinds of event. Without it, all.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public VmEventKind[] Event { get; set; } = [];

    /// <summary>Only what hosts sent from this time on, by their clocks. Without it, all that Redis still has.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(NoCompleter))]
    public DateTimeOffset Since { get; set; }

    /// <summary>Wait for more at the end, also from hosts that come later.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <summary>With -Follow: how long an event waits for earlier ones of other hosts. A number is in seconds.</summary>
    [Parameter]
    [DurationTransformation]
    [PositiveDuration(MostMinutes = LongestWindowMinutes)]
    public TimeSpan Window { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Share the events with the other readers of this group: each goes to one of them.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Group { get; set; }

    /// <summary>This reader's name in the group. Without it, the name of this machine.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Consumer { get; set; }

    /// <summary>End after this many events.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long First { get; set; } = long.MaxValue;

    /// <summary>End after this time. A number is in seconds.</summary>
    [Parameter]
    [DurationTransformation]
    [PositiveDuration]
    public TimeSpan Duration { get; set; } = Timeout.InfiniteTimeSpan;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        Require(Target, RefuseIdleOptions);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(Stopped);
        using FleetReader? reader = Open(end.Token);
        if (reader is null) return;
        if (Duration != Timeout.InfiniteTimeSpan) end.CancelAfter(Duration);
        WriteVerbose($"Receiving from {reader.Hosts} hosts.");
        try
        {
            WriteEvents(reader, end.Token);
        }
        finally
        {
            // However it ends: what the pipeline has taken is done with, and nothing else is.
            AcknowledgeLast(reader);
        }

        reader.TellLosses();
        WarnOfTold();
        if (reader.Hosts == 0) WarnOfNoHost();
        WarnOfLate(reader, isLast: true);
        WriteVerbose($"{_written} events of {reader.Hosts} hosts; missing: {reader.Missing}, lost by the hosts: {reader.Lost}, of something else: {reader.Broken}, late: {reader.Late}.");
    }

    private void RefuseIdleOptions()
    {
        if (Consumer is not null && Group is null) throw new XenException(XenErrorId.InvalidArgument, "-Consumer is a name in a group, and there is none.", "Name the group with -Group.");
        if (MyInvocation.BoundParameters.ContainsKey(nameof(Window)) && !Follow)
            throw new XenException(XenErrorId.InvalidArgument, "-Window is for events that are still to come.", "Add -Follow, or leave -Window out.");
    }

    /// <returns>Null: it was stopped.</returns>
    private FleetReader? Open(CancellationToken end)
    {
        FleetReader? reader = null;
        try
        {
            Require(Target, () =>
            {
                FleetQuery query = new()
                {
                    Redis = GetSettings(),
                    IsWantedHost = NamePattern.Matching(HostName),
                    IsWantedDomain = NamePattern.Matching(Domain),
                    Kinds = Event.ToHashSet(),
                    Since = Since == default ? null : Since,
                    Follow = Follow,
                    Window = Window,
                    Group = Group,
                    Tell = Tell,
                };
                reader = FleetReader.Open(Consumer is null ? query : query with { Consumer = Consumer }, end);
            });
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
        }

        return reader;
    }

    private void WriteEvents(FleetReader reader, CancellationToken end)
    {
        _acknowledgedAt = _warnedOfLateAt = Stopwatch.GetTimestamp();
        while (!end.IsCancellationRequested && _written < First)
        {
            if (TryTake(reader, out VmEvent? vmEvent))
            {
                // If the pipeline ends here, with Select-Object too, it does not tell whether it has taken the event.
                WriteObject(VmEventMembers.Shown(vmEvent));
                reader.Settle();
                _written++;
                _unacknowledged++;
                if (_unacknowledged < MostUnacknowledged && Stopwatch.GetElapsedTime(_acknowledgedAt) < AcknowledgePeriod) continue;
                Acknowledge(reader);
                continue;
            }

            WarnOfTold();
            WarnOfLate(reader, isLast: false);
            if (_unacknowledged > 0) Acknowledge(reader);
            if (reader.IsOver) break;
            reader.Wait();
        }
    }

    private bool TryTake(FleetReader reader, [NotNullWhen(true)] out VmEvent? vmEvent)
    {
        try
        {
            return reader.TryTake(out vmEvent);
        }
        catch (XenException e)
        {
            ThrowTerminatingError(ToErrorRecord(e, Target));
            throw;
        }
    }

    private void Acknowledge(FleetReader reader)
    {
        Require(Target, reader.Acknowledge);
        _unacknowledged = 0;
        _acknowledgedAt = Stopwatch.GetTimestamp();
    }

    private static void AcknowledgeLast(FleetReader reader)
    {
        try
        {
            reader.Acknowledge();
        }
        catch (XenException)
        {
            // Then somebody gets these events again; there may be an error on its way already.
        }
    }

    private void WarnOfLate(FleetReader reader, bool isLast)
    {
        if (reader.Late == _late || (!isLast && Stopwatch.GetElapsedTime(_warnedOfLateAt) < LateWarningPeriod)) return;
        WriteWarning($"{reader.Late - _late} events came late, after later ones of other hosts.");
        _late = reader.Late;
        _warnedOfLateAt = Stopwatch.GetTimestamp();
    }
}
