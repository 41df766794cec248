namespace XenVmEvent.PS;

/// <summary>Finds xenvmevent, the guard's program: in the module's folder, otherwise on the PATH.</summary>
internal static class GuardProgram
{
    private const string Name = "xenvmevent";
    private const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <returns>Its file; null if it is not found.</returns>
    public static string? Find() =>
        Find(Path.GetDirectoryName(typeof(GuardProgram).Assembly.Location) ?? "", Environment.GetEnvironmentVariable("PATH") ?? "");

    internal static string? Find(string module, string path)
    {
        string beside = Path.Combine(module, Name);
        if (File.Exists(beside) && (IsExecutable(beside) || MakeExecutable(beside))) return beside;
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, Name)).FirstOrDefault(IsExecutable);
    }

    private static bool IsExecutable(string file) =>
        File.Exists(file) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(file) & Execute) != 0);

    /// <summary>Makes it executable: not everything that unpacks a package keeps file modes.</summary>
    private static bool MakeExecutable(string file)
    {
        if (OperatingSystem.IsWindows()) return true;
        try
        {
            File.SetUnixFileMode(file, File.GetUnixFileMode(file) | Execute);
            return true;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            return false;
        }
    }
}
