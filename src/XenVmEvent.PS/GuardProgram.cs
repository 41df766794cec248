namespace XenVmEvent.PS;

/// <summary>Finds xenvmevent, which is the guard's program: beside the module, else on the PATH.</summary>
internal static class GuardProgram
{
    private const string Name = "xenvmevent";

    /// <returns>Its file; null when it is not there.</returns>
    public static string? Find()
    {
        string? module = Path.GetDirectoryName(typeof(GuardProgram).Assembly.Location);
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return path.Prepend(module ?? "").Select(folder => Path.Combine(folder, Name)).FirstOrDefault(File.Exists);
    }
}
