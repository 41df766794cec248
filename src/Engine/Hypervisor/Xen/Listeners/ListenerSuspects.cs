using System.Globalization;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// The processes that may be another listener. Xen does not tell which one it is, but a listener has event channels
/// open.
/// </summary>
internal static class ListenerSuspects
{
    private static readonly string[] Daemons = ["xenstored", "oxenstored", "xenconsoled", "xl", "libvirtd", "virtxend", "xenopsd"];

    /// <summary>The suspects, as far as this user may see them, without this process and Xen's own daemons.</summary>
    /// <param name="proc">The folder with the process directories: /proc.</param>
    public static IReadOnlyList<ListenerSuspect> Find(string proc)
    {
        if (!Directory.Exists(proc)) return [];
        return
        [
            .. from directory in Directory.EnumerateDirectories(proc)
               let pid = int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0
               where pid > 0 && pid != Environment.ProcessId && HasEventChannels(directory)
               let name = NameOf(directory)
               where name.Length > 0 && !Daemons.Contains(name) && !name.StartsWith("qemu", StringComparison.Ordinal)
               orderby pid
               select new ListenerSuspect(pid, name),
        ];
    }

    private static bool HasEventChannels(string process)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd"))
                .Any(fd => new FileInfo(fd).LinkTarget is "/dev/xen/evtchn");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // It has just ended, or belongs to another user.
        }
    }

    private static string NameOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "comm")).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

/// <summary>A process that may be a listener.</summary>
internal readonly record struct ListenerSuspect(int ProcessId, string Name)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} (pid {ProcessId})");
}
