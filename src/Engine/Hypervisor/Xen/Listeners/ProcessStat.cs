namespace XenVmEvent.Hypervisor.Xen;

/// <summary>What the kernel tells of a process or a thread in its stat file: see proc(5).</summary>
internal static class ProcessStat
{
    /// <summary>Reads what follows the name. The name is in parentheses and may itself have any character.</summary>
    /// <param name="folder">As in /proc/1, or of a thread /proc/1/task/1.</param>
    /// <returns>The fields from the state on; null: it is gone.</returns>
    public static string[]? Read(string folder)
    {
        try
        {
            string stat = File.ReadAllText($"{folder}/stat");
            return stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } fields ? fields : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
