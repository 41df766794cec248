using System.Diagnostics;

namespace XenVmEvent.Recovery;

/// <summary>
/// A systemd scope for each guard. So whatever ends the listener's unit, such as a kill of all its processes, a stop
/// that times out or a memory limit, does not end the guard with it. systemd-run asks systemd for the scope and then
/// becomes the guard, with the same process id and the same pipes.
/// </summary>
internal sealed class GuardScope(string systemdRun)
{
    /// <summary>
    /// How to get a scope here; null if systemd does not run this machine or container, or this user may not ask it.
    /// </summary>
    public static GuardScope? Find() =>
        Environment.IsPrivilegedProcess ? Find("/", Environment.GetEnvironmentVariable("PATH") ?? "") : null;

    /// <param name="root">The folder that holds /run and /proc.</param>
    /// <param name="path">The folders in which to look for systemd-run.</param>
    internal static GuardScope? Find(string root, string path)
    {
        if (!Directory.Exists(Path.Combine(root, "run/systemd/system")) || !IsSystemdFirst(root)) return null;
        string? program = path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, "systemd-run"))
            .FirstOrDefault(File.Exists);
        return new GuardScope(program ?? "systemd-run"); // If it is missing, starting it reports that.
    }

    /// <summary>How to start a program in a scope; its arguments are still to be added.</summary>
    public ProcessStartInfo Start(string program, string guarded) => new(
        systemdRun,
        [
            // In no slice that has a limit of the listener's. The scope ends with the guard, however that ends.
            "--scope", "--quiet", "--collect", "--no-ask-password", "--slice=system.slice",
            $"--description=xenvmevent guard of {guarded}",
            "--", program,
        ]);

    /// <summary>
    /// Whether systemd is process 1. A container can have its host's /run; the host's systemd would then take the
    /// container's process ids for its own.
    /// </summary>
    private static bool IsSystemdFirst(string root)
    {
        try
        {
            return File.ReadAllText(Path.Combine(root, "proc/1/comm")).Trim() == "systemd";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
