using System.Diagnostics;
using System.Globalization;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Keeps processes from calling Xen until it is disposed: a notification while another process disables the monitor can
/// take two of Xen's locks in the other order and so deadlock the host. Each is noted (<see cref="HoldNote"/>) before it is
/// stopped, so that one that this process, killed, leaves stopped can be found.
/// </summary>
internal sealed class StoppedListeners : IDisposable
{
    private const int SignalContinue = 18;
    private const int SignalStop = 19;

    /// <summary>A stop signal acts when the process leaves its system call of now.</summary>
    private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(1);

    private const string Kind = "stop";

    private readonly List<(int ProcessId, HoldNote Note)> _stopped = [];

    public StoppedListeners(string proc, IEnumerable<ListenerSuspect> suspects)
    {
        foreach (ListenerSuspect suspect in suspects)
        {
            // One that was stopped already is somebody else's to continue.
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

    /// <summary>Lets those go on that processes which are gone have left stopped.</summary>
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
