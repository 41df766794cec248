using System.Runtime.InteropServices;

namespace XenVmEvent.PS;

/// <summary>
/// Ends all sessions when a signal ends the process: since .NET 10 nothing else is told of SIGTERM, and of the others nothing
/// ever was. What the process then does with the signal is not changed.
/// </summary>
internal static class EndingSignals
{
    private static PosixSignalRegistration[] _registrations = [];

    /// <summary>Those that PowerShell itself sees to, and goes on after, are left to it.</summary>
    private static IEnumerable<PosixSignal> Signals => Recovery.EndingSignals.All.Where(s => s is not (PosixSignal.SIGINT or PosixSignal.SIGQUIT));

    /// <summary>Does so from now on.</summary>
    public static void Watch()
    {
        if (_registrations.Length == 0) _registrations = [.. Signals.Select(s => PosixSignalRegistration.Create(s, _ => XenHost.Disconnect()))];
    }

    /// <summary>Does so no more.</summary>
    public static void Ignore()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _registrations = [];
    }
}
