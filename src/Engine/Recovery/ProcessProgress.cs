using System.Diagnostics;
using System.Globalization;
using XenVmEvent.Hypervisor.Xen;

namespace XenVmEvent.Recovery;

/// <summary>Tells whether a process makes progress, however slow: on a starved host starting takes minutes.</summary>
internal static class ProcessProgress
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits for something from a process, as long as the process makes progress.</summary>
    /// <param name="process">The process.</param>
    /// <param name="awaited">What to wait for; it also ends when the process does.</param>
    /// <param name="patience">How long it may make no progress.</param>
    /// <returns>False: it made no progress for that long.</returns>
    public static bool Await(Process process, Task awaited, TimeSpan patience)
    {
        TimeSpan used = TimeSpan.Zero;
        long at = Stopwatch.GetTimestamp();
        while (!awaited.Wait(Look))
        {
            TimeSpan now = TimeUsedBy(process);
            if (now != used || WaitsForItsTurn(process.Id))
            {
                used = now;
                at = Stopwatch.GetTimestamp();
            }

            if (Stopwatch.GetElapsedTime(at) >= patience) return awaited.IsCompleted;
        }

        return true;
    }

    private static TimeSpan TimeUsedBy(Process process)
    {
        try
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return TimeSpan.Zero; // It has ended, and what is awaited ends with it.
        }
    }

    /// <summary>Whether one of its threads is ready to run, or waits for a disk or for memory.</summary>
    private static bool WaitsForItsTurn(int process)
    {
        try
        {
            string tasks = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/task");
            return Directory.EnumerateDirectories(tasks).Any(task => ProcessStat.Read(task) is ["R" or "D", ..]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
