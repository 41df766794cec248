using System.Globalization;
using XenVmEvent.Agent;
using XenVmEvent.Events;
using XenVmEvent.Recording;
using XenVmEvent.Recovery;

namespace XenVmEvent.Cli;

/// <summary>Prints or records what a fleet sent, until the count, the time or a signal ends it, or there is no more.</summary>
/// <param name="query">What to receive.</param>
/// <param name="first">How many events; null: all.</param>
/// <param name="duration">How long; null: until the end.</param>
/// <param name="format">How to print them.</param>
/// <param name="file">The recording to write instead; null for none.</param>
internal sealed class ReceiveRun(FleetQuery query, long? first, TimeSpan? duration, OutputFormat format, string? file) : IDisposable
{
    /// <summary>For a group: so many events may have to be printed again if this process is killed.</summary>
    private const int MostUnacknowledged = 1000;

    private readonly CancellationTokenSource _stop = new();
    private long _shown;

    /// <returns>The process's exit code: failure also if something is missing.</returns>
    public int Run()
    {
        using IDisposable signals = EndingSignals.Outlive(_stop.Cancel);
        using RecordingWriter? recording = file is null ? null : RecordingWriter.Open(file);
        using Stream? output = recording is null ? StandardOutput.Open() : null;
        using FleetReader? reader = Open();
        if (reader is null) return ExitCode.Success;
        if (query.Follow) StandardError.Say($"following {Count(reader.Hosts, "host")} and those that come; Ctrl-C ends");
        recording?.Begin();
        if (duration is { } time) _stop.CancelAfter(time);
        using JsonEventWriter? json = output is not null && format == OutputFormat.Json ? new JsonEventWriter(output) : null;
        IEventWriter writer = recording is not null ? new RecordingEventWriter(recording) : (IEventWriter?)json ?? new RuledEventWriter(output!) { NamesHost = true };
        XenException? unwritten = StandardOutput.Attempt(() =>
        {
            Print(reader, writer);
            recording?.Close();
        });
        reader.TellLosses();
        StandardError.Say(Summary(reader));
        if (unwritten is not null) throw unwritten;
        return reader.Missing + reader.Broken + reader.Lost == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    public void Dispose() => _stop.Dispose();

    /// <returns>Null: a signal has ended it.</returns>
    private FleetReader? Open()
    {
        try
        {
            return FleetReader.Open(query, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private void Print(FleetReader reader, IEventWriter writer)
    {
        int unacknowledged = 0;
        while (!_stop.IsCancellationRequested && _shown != first)
        {
            if (reader.TryTake(out VmEvent? vmEvent))
            {
                writer.Write(vmEvent);
                reader.Settle();
                _shown++;
                if (++unacknowledged < MostUnacknowledged) continue;
            }

            writer.Flush();
            reader.Acknowledge();
            if (unacknowledged < MostUnacknowledged)
            {
                if (reader.IsOver) break;
                reader.Wait();
            }

            unacknowledged = 0;
        }

        writer.Finish();
        reader.Acknowledge();
    }

    private static string Count(long number, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {(number == 1 ? one : many ?? $"{one}s")}");

    private string Summary(FleetReader reader)
    {
        string late = reader.Late == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {reader.Late} of them late");
        string lost = (reader.Missing + reader.Lost, query.Group) switch
        {
            (0, null) => "none missing",
            (0, _) => "none known to be missing",
            var (missing, _) => string.Create(CultureInfo.InvariantCulture, $"{missing} missing"),
        };
        string broken = reader.Broken == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {Count(reader.Broken, "entry", "entries")} of something else");
        return string.Create(CultureInfo.InvariantCulture, $"{Count(_shown, "event")} of {Count(reader.Hosts, "host")} {(file is null ? "shown" : "recorded")}{late}, {lost}{broken}");
    }
}
