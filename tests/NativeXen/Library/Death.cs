namespace XenVmEvent.NativeXen;

/// <summary>Kills, as kill -9 does, the first process that comes to a moment which a file names.</summary>
internal static class Death
{
    private const int Kill = 9;

    /// <summary>The process comes to this moment.</summary>
    public static void At(string moment)
    {
        if (NativeHost.DeathFile is not { } file) return;
        try
        {
            if (File.ReadAllText(file) != moment) return;
            File.Move(file, file + ".taken");
        }
        catch (IOException)
        {
            return; // It was another process's.
        }

        _ = Libc.kill(Environment.ProcessId, Kill);
        Thread.Sleep(Timeout.Infinite);
    }
}
