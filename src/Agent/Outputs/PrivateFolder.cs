namespace XenVmEvent.Agent;

/// <summary>A folder for what holds registers and memory of guests.</summary>
internal static class PrivateFolder
{
    /// <summary>Makes the folder, for its owner alone. One that is there keeps its rights.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public static void Make(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
