using System.Diagnostics;
using System.Globalization;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Keeps processes from calling Xen until it is disposed. A notification while another process disables the monitor can
/// take two of Xen's locks in the opposite order and so deadlock the host. Each process is noted
/// (<see cref="HoldNote"/>) before it is stopped. If this process is killed, the ones that it leaves stopped can be
/// found.
/// </summary>
internal sealed class StoppedListeners : IDisposable
{
    private const int SignalContinue = 18;
    private const int SignalStop = 19;

    /// <summary>A stop signal takes effect only when the process leaves its current system call.</summary>
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(1);

    private const string Kind = "stop";

    private readonly List<(int ProcessId, HoldNote Note)> _stopped = [];

    public StoppedListeners(string proc, IEnumerable<ListenerSuspect> suspects)
    {
        foreach (ListenerSuspect suspect in suspects)
        {
            // A process that was already stopped is somebody else's to continue.
            if (IsStopped(proc, suspect.ProcessId) || ProcessIdentity.Of(suspect.ProcessId) is not { } process) continue;
            HoldNote note = HoldNote.Write(
                Kind, process.Id.ToString(CultureInfo.InvariantCulture), process.StartTime.ToString(CultureInfo.InvariantCulture));
            if (Libc.kill(suspect.ProcessId, SignalStop) < 0) note.Remove();
            else _stopped.Add((suspect.ProcessId, note));
        }

        long start = Stopwatch.GetTimestamp();
        while (!_stopped.TrueForAll(s => IsStopped(proc, s.ProcessId)) && Stopwatch.GetElapsedTime(start) < LongestCall) Thread.Sleep(1);
    }

    public void Dispose()
    {
        foreach ((int pid, HoldNote note) in _stopped)
        {
            _ = Libc.kill(pid, SignalContinue);
            note.Remove();
        }
    }

    /// <summary>Continues the processes that were stopped by processes that are gone.</summary>
    public static void UndoAbandoned()
    {
        foreach (HoldNote note in HoldNote.TakeAbandoned(Kind))
        {
            if (note.Words is [_, string id, string start]
                && int.TryParse(id, CultureInfo.InvariantCulture, out int pid)
                && ulong.TryParse(start, CultureInfo.InvariantCulture, out ulong started)
                && new ProcessIdentity(pid, started).IsAlive)
            {
                _ = Libc.kill(pid, SignalContinue);
            }

            note.Remove();
        }
    }

    /// <summary>Whether all its threads are stopped, or it is gone.</summary>
    private static bool IsStopped(string proc, int pid)
    {
        try
        {
            return Directory.EnumerateDirectories(Path.Combine(proc, pid.ToString(CultureInfo.InvariantCulture), "task"))
                .All(task => ProcessStat.Read(task) is null or ["T" or "t" or "Z" or "X", ..]);
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
    }
}
