namespace XenVmEvent.NativeXen;

/// <summary>Kills the first process that reaches the moment named in a file, as kill -9 does.</summary>
internal static class Death
{
    private const int Kill = 9;

    /// <summary>Called when the process reaches this moment.</summary>
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
