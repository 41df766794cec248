using System.Runtime.InteropServices;

namespace XenVmEvent.PS;

/// <summary>
/// Ends all sessions when a signal ends the process. Since .NET 10 nothing else is told of SIGTERM, and nothing ever
/// was of the others. It does not change how the process then reacts to the signal.
/// </summary>
internal static class EndingSignals
{
    private static PosixSignalRegistration[] _registrations = [];

    /// <summary>Signals that PowerShell itself handles and survives are left to it.</summary>
    private static IEnumerable<PosixSignal> Signals => Recovery.EndingSignals.All.Where(s => s is not (PosixSignal.SIGINT or PosixSignal.SIGQUIT));

    /// <summary>Starts doing so.</summary>
    public static void Watch()
    {
        if (_registrations.Length == 0) _registrations = [.. Signals.Select(s => PosixSignalRegistration.Create(s, _ => XenHost.Disconnect()))];
    }

    /// <summary>Stops doing so.</summary>
    public static void Ignore()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _registrations = [];
    }
}
