namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A process's or thread's stat file: see proc(5).</summary>
internal static class ProcessStat
{
    /// <summary>Reads the fields after the name. The name is in parentheses and may contain any character.</summary>
    /// <param name="folder">The folder, as in /proc/1, or for a thread /proc/1/task/1.</param>
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
