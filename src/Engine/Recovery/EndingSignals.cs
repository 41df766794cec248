using System.Runtime.InteropServices;

namespace XenVmEvent.Recovery;

/// <summary>
/// The signals that end a process unless it handles them. Whatever it watches must be restored first. Signals of a
/// defect (SIGSEGV and the like) and SIGKILL are the guard's business.
/// </summary>
public static class EndingSignals
{
    /// <summary>Linux's numbers, the same on x86 and arm64, of the signals that .NET has no names for.</summary>
    private const int Usr1 = 10, Usr2 = 12, Alarm = 14, StackFault = 16, CpuTime = 24, FileSize = 25, VirtualAlarm = 26, Profile = 27, Io = 29, Power = 30;

    /// <summary>All of them, without SIGPIPE: .NET ignores it, and the write that caused it fails.</summary>
    public static IReadOnlyList<PosixSignal> All { get; } =
    [
        PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT,
        .. ((int[])[Usr1, Usr2, Alarm, StackFault, CpuTime, FileSize, VirtualAlarm, Profile, Io, Power]).Select(n => (PosixSignal)n),
    ];

    /// <summary>
    /// Calls an action when one of them comes, and keeps the process alive, until the result is disposed.
    /// </summary>
    /// <param name="onSignal">Called on another thread, each time.</param>
    public static IDisposable Outlive(Action onSignal)
    {
        ArgumentNullException.ThrowIfNull(onSignal);
        return Outlive(_ => onSignal());
    }

    /// <inheritdoc cref="Outlive(Action)"/>
    public static IDisposable Outlive(Action<PosixSignal> onSignal)
    {
        ArgumentNullException.ThrowIfNull(onSignal);
        return new Registrations([.. All.Select(s => PosixSignalRegistration.Create(s, context =>
        {
            context.Cancel = true;
            onSignal(context.Signal);
        }))]);
    }

    private sealed class Registrations(PosixSignalRegistration[] registrations) : IDisposable
    {
        public void Dispose()
        {
            foreach (PosixSignalRegistration registration in registrations) registration.Dispose();
        }
    }
}
