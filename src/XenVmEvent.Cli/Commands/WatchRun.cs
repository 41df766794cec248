using System.Diagnostics;
using System.Globalization;
using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recording;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Symbols;

namespace XenVmEvent.Cli;

/// <summary>
/// Watches a domain as the arguments say and prints events, until the count, the time or a signal ends it.
/// </summary>
internal sealed class WatchRun(WatchArguments arguments) : IDisposable
{
    private const int BrokenPipe = 32;

    private readonly CancellationTokenSource _stop = new();
    private SymbolMap? _symbols;
    private long _shown;

    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        // The process does not end yet: first the guest gets everything back.
        using IDisposable signals = EndingSignals.Outlive(_stop.Cancel);
        using IHypervisor hypervisor = Hosts.Connect(arguments.Simulate, arguments.Trace, arguments.Fast, arguments.NoGuard);
        return Watch(hypervisor);
    }

    public void Dispose() => _stop.Dispose();

    private bool IsWanted => arguments.First is not { } first || _shown < first;

    private int Watch(IHypervisor hypervisor)
    {
        _symbols = arguments.SymbolMap is { } map ? ReadSymbols(map) : null;
        EventSelection selection = CreateSelection();
        XenDomain domain = hypervisor.FindDomain(arguments.Domain);
        using RecordingWriter? recording = arguments.Output is { } file ? RecordingWriter.Open(file) : null;
        using Stream? output = recording is null ? StandardOutput.Open() : null;
        if (RuntimeFeature.IsDynamicCodeCompiled) Rehearsal.EnsureDone(); // The published file is native code and does not need it.
        long start = Stopwatch.GetTimestamp();
        EventWatch watch = arguments.Mode.Watch(arguments) with { Selection = selection };

        // In a view, steps come if the processor supports them; otherwise they are not asked for.
        MonitorSession.EnsurePossible(hypervisor, domain, arguments.Mode.UsesView ? watch with { Kinds = [VmEventKind.MemAccess] } : watch);
        using MonitorSession session = MonitorSession.Start(hypervisor, domain, new MonitorOptions
        {
            Channel = arguments.Channel,
            ListenerRequired = arguments.ListenerRequired,
            Warn = StandardError.Say,
        });
        ushort? view = arguments.Mode.UsesView ? session.CreateView().View : null;
        if (view is { } index) watch = InView(watch, index, session.Capabilities);
        foreach (VmEventKind kind in watch.Kinds) session.SetDefaultResponse(kind, arguments.Response);
        using EventSubscription subscription = session.Watch(watch);
        if (view is { } made) session.SwitchToView(made);
        recording?.Begin();
        StandardError.Say($"watching {domain} on {hypervisor.Description}: {arguments.Mode.Name}, {session.Channel.ToString().ToLowerInvariant()} channel; Ctrl-C ends");
        XenException? unwritten = Print(subscription, output, view, recording);
        return Conclude(session, recording, unwritten, Stopwatch.GetElapsedTime(start));
    }

    private EventSelection CreateSelection() => new()
    {
        NewValues = AddressRange.Except(arguments.NewValues, arguments.ExcludedNewValues),
        InstructionPointers = AddressRange.Intersect(
            arguments.InstructionPointers,
            [.. arguments.Symbols.SelectMany(symbol => _symbols!.RangesOf(symbol, name => FileSystemName.MatchesSimpleExpression(symbol, name)))]),
        LinearAddresses = arguments.LinearAddresses,
    };

    private static SymbolMap ReadSymbols(string file)
    {
        try
        {
            return SymbolMap.Read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new XenException(
                XenErrorId.InvalidArgument, $"The symbols in {file} cannot be read. {e.Message}", "Name the guest's System.map, or a copy of its /proc/kallsyms.", e);
        }
    }

    /// <summary>Ends the session, whatever happened before, and reports everything that went wrong.</summary>
    private int Conclude(MonitorSession session, RecordingWriter? recording, XenException? unwritten, TimeSpan elapsed)
    {
        SessionEnd end = session.Stop();
        unwritten ??= Close(recording);
        Summarize(session.GetStatistics(), elapsed);
        foreach (XenException failure in end.TeardownFailures) StandardError.Say($"while ending: {failure.Id}: {failure.Message} {Remedies.Of(failure)}");
        if (end.DomainState == DomainState.Replayed) StandardError.Say($"{session.Domain} {end.DomainEnd}");
        bool isWhole = unwritten is null && end.Failure is null && end.TeardownFailures.Count == 0;
        if (unwritten is not null) StandardError.Say(unwritten);
        if (end.Failure is { } cause) StandardError.Say(cause);
        if (session.ExplainDomainEnd(_stop.Token) is { } ended)
        {
            StandardError.Say(ended);
            return ExitCode.Failure;
        }

        return isWhole ? ExitCode.Success : ExitCode.Failure;
    }

    private static XenException? Close(RecordingWriter? recording)
    {
        try
        {
            recording?.Close();
            return null;
        }
        catch (XenException e)
        {
            return e;
        }
    }

    /// <summary>If a processor cannot single-step, Xen emulates, and there are no steps to see.</summary>
    private static EventWatch InView(EventWatch watch, ushort view, MonitorCapabilities capabilities) => watch with
    {
        Pages = watch.Pages! with { View = view },
        Kinds = [.. watch.Kinds.Where(k => k != VmEventKind.SingleStep || (capabilities & MonitorCapabilities.SingleStep) != 0)],
    };

    /// <returns>Why not everything could be written; null if it could, or if nobody reads it any more.</returns>
    private XenException? Print(EventSubscription subscription, Stream? output, ushort? view, RecordingWriter? recording)
    {
        using JsonEventWriter? json = output is not null && arguments.Format == OutputFormat.Json ? new JsonEventWriter(output) : null;
        IEventWriter writer = recording is not null ? new RecordingEventWriter(recording) : (IEventWriter?)json ?? new TextEventWriter(output!, view);
        if (arguments.Duration is { } duration) _stop.CancelAfter(duration);
        try
        {
            Print(subscription, writer);

            // What the guest did until it was no longer watched belongs to the output.
            subscription.Dispose();
            while (IsWanted && subscription.TryTake(out VmEvent? last)) Write(last, writer);
            writer.Finish();
        }
        catch (IOException e) when (e.HResult == BrokenPipe)
        {
            // The reader of our output has gone away.
        }
        catch (XenException e) when (e.Id == XenErrorId.RecordingFailed)
        {
            return e;
        }
        catch (Exception e) when (StandardOutput.IsFailure(e))
        {
            return StandardOutput.Failed(e);
        }

        return null;
    }

    private void Print(EventSubscription subscription, IEventWriter writer)
    {
        while (IsWanted && !_stop.IsCancellationRequested)
        {
            if (!subscription.TryTake(out VmEvent? vmEvent))
            {
                // Nothing more now: what was printed must become visible.
                writer.Flush();
                vmEvent = TakeUntilStopped(subscription);
            }

            if (vmEvent is null) return;
            Write(vmEvent, writer);
        }
    }

    private void Write(VmEvent vmEvent, IEventWriter writer)
    {
        if (_symbols is not null) vmEvent.Symbol = _symbols.Find(vmEvent.InstructionPointer);
        writer.Write(vmEvent);
        _shown++;
    }

    private VmEvent? TakeUntilStopped(EventSubscription subscription)
    {
        try
        {
            return subscription.Take(Timeout.InfiniteTimeSpan, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private void Summarize(MonitorStatistics statistics, TimeSpan elapsed)
    {
        string dropped = statistics.Lost == 0 ? "none lost" : string.Create(CultureInfo.InvariantCulture, $"{statistics.Lost} dropped");
        if (statistics.Overwritten > 0)
            dropped += string.Create(CultureInfo.InvariantCulture, $" ({statistics.Overwritten} overwritten by Xen: --channel ring loses none)");
        StandardError.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{_shown} events {(arguments.Output is null ? "shown" : "recorded")}, {statistics.Events} seen in {elapsed.TotalSeconds:0.0} s, {dropped}; handling time {statistics.HandlingTime}"));
    }
}
