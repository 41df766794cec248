using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Agent;

/// <summary>Brings what was appended to a spool to the disk itself, once a second. Nobody waits for it.</summary>
internal sealed class SpoolFlusher : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Func<(SafeFileHandle[] Full, SafeFileHandle? Last)> _takeUnflushed;
    private readonly Timer _timer;

    /// <param name="takeUnflushed"><see cref="SpoolTail.TakeUnflushed"/>, from any thread.</param>
    public SpoolFlusher(Func<(SafeFileHandle[] Full, SafeFileHandle? Last)> takeUnflushed)
    {
        _takeUnflushed = takeUnflushed;
        _timer = new Timer(_ => FlushInTime(), null, Period, Period);
    }

    /// <summary>Flushes for the last time.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate) Flush();
    }

    /// <summary>A disk may need more than the period. Then the next time comes later.</summary>
    private void FlushInTime()
    {
        if (!_gate.TryEnter()) return;
        try
        {
            Flush();
        }
        finally
        {
            _gate.Exit();
        }
    }

    private void Flush()
    {
        (SafeFileHandle[] full, SafeFileHandle? last) = _takeUnflushed();
        foreach (SafeFileHandle file in full)
        {
            Flush(file);
            file.Dispose();
        }

        if (last is not null) Flush(last);
    }

    private static void Flush(SafeFileHandle file)
    {
        try
        {
            RandomAccess.FlushToDisk(file);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // What a failing disk refuses, the next append reports.
        }
    }
}
