using System.Diagnostics;
using System.Globalization;
using System.IO.Enumeration;
using System.Runtime.CompilerServices;
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
    private readonly CancellationTokenSource _stop = new();
    private SymbolMap? _symbols;

    /// <returns>The process's exit code.</returns>
    public int Run()
    {
        // The process does not end yet: first the guest gets everything back.
        using IDisposable signals = EndingSignals.Outlive(_stop.Cancel);
        using IHypervisor hypervisor = Hosts.Connect(arguments.Simulate, arguments.Trace, arguments.Fast, arguments.NoGuard);
        return Watch(hypervisor);
    }

    public void Dispose() => _stop.Dispose();

    private int Watch(IHypervisor hypervisor)
    {
        _symbols = arguments.SymbolMap is { } map ? ReadSymbols(map) : null;
        EventWatch watch = arguments.Mode.Watch(arguments) with { Selection = CreateSelection() };
        Predicate<XenDomain>? isFollowed = arguments.Follow ? hypervisor.MeantBy(arguments.Domain) : null;
        XenDomain? domain = arguments.Follow ? null : hypervisor.FindDomain(arguments.Domain);
        using RecordingWriter? recording = arguments.Output is { } file ? RecordingWriter.Open(file) : null;
        using Stream? output = recording is null ? StandardOutput.Open() : null;
        if (RuntimeFeature.IsDynamicCodeCompiled) Rehearsal.EnsureDone(); // The published file is native code and does not need it.
        long start = Stopwatch.GetTimestamp();
        using WatchedGuests guests = new(hypervisor, arguments, watch);
        MonitorSession? only = domain is null ? null : guests.Begin(domain);
        recording?.Begin();
        StandardError.Say(only is null
            ? $"following {arguments.Domain} on {hypervisor.Description}: {arguments.Mode.Name}; Ctrl-C ends"
            : $"watching {domain} on {hypervisor.Description}: {arguments.Mode.Name}, {only.Channel.ToString().ToLowerInvariant()} channel; Ctrl-C ends");
        EventPrinter printer = new(guests.Events, arguments.First)
        {
            Complete = _symbols is null ? null : vmEvent => vmEvent.Symbol = _symbols.Find(vmEvent.InstructionPointer),
            LetGo = arguments.Follow ? guests.LetGo : null,
        };
        XenException? unwritten;
        using (isFollowed is null ? null : new DomainFollower(hypervisor, isFollowed, guests.Begin, StandardError.Say)) unwritten = Print(printer, guests, output, recording);
        return Conclude(printer, guests, only, recording, unwritten, Stopwatch.GetElapsedTime(start));
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

    /// <summary>Ends the sessions, whatever happened before, and reports everything that went wrong.</summary>
    private int Conclude(EventPrinter printer, WatchedGuests guests, MonitorSession? only, RecordingWriter? recording, XenException? unwritten, TimeSpan elapsed)
    {
        guests.End();
        unwritten ??= Close(recording);
        Summarize(printer.Shown, guests, only?.GetStatistics(), elapsed);
        if (only?.End is { DomainState: DomainState.Replayed } replayed) StandardError.Say($"{only.Domain} {replayed.DomainEnd}");
        bool isWhole = unwritten is null && only?.End?.Failure is null && !guests.HasFailed;
        if (unwritten is not null) StandardError.Say(unwritten);
        if (only?.End?.Failure is { } cause) StandardError.Say(cause);
        if (only?.ExplainDomainEnd(_stop.Token) is { } ended)
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

    /// <returns>Why not everything could be written; null if it could, or if nobody reads it any more.</returns>
    private XenException? Print(EventPrinter printer, WatchedGuests guests, Stream? output, RecordingWriter? recording)
    {
        using JsonEventWriter? json = output is not null && arguments.Format == OutputFormat.Json ? new JsonEventWriter(output) : null;
        IEventWriter writer = recording is not null ? new RecordingEventWriter(recording)
            : (IEventWriter?)json ?? new TextEventWriter(output!, guests.Views) { NamesDomain = arguments.Follow };
        if (arguments.Duration is { } duration) _stop.CancelAfter(duration);
        return printer.Print(writer, _stop.Token);
    }

    /// <param name="shown">How many events were shown.</param>
    /// <param name="guests">The guests.</param>
    /// <param name="only">What the only session did; null if guests were followed.</param>
    /// <param name="elapsed">How long it took.</param>
    private void Summarize(long shown, WatchedGuests guests, MonitorStatistics? only, TimeSpan elapsed)
    {
        string dropped = guests.Lost == 0 ? "none lost" : string.Create(CultureInfo.InvariantCulture, $"{guests.Lost} dropped");
        if (guests.Overwritten > 0)
            dropped += string.Create(CultureInfo.InvariantCulture, $" ({guests.Overwritten} overwritten by Xen: --channel ring loses none)");
        string handling = only is null ? "" : $"; handling time {only.HandlingTime}";
        StandardError.Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{shown} events {(arguments.Output is null ? "shown" : "recorded")}, {guests.Seen} seen in {elapsed.TotalSeconds:0.0} s, {dropped}{handling}"));
    }
}
