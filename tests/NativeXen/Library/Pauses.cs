using System.Globalization;

namespace XenVmEvent.NativeXen;

/// <summary>
/// The guest's pause count. If there is a file for it, a process finds the pauses that another has left.
/// </summary>
internal static class Pauses
{
    private static readonly Lock Gate = new();
    private static int _count;

    /// <summary>The current count.</summary>
    public static int Count => Change(0);

    /// <summary>Adds a pause.</summary>
    public static void Add() => Change(1);

    /// <summary>Removes a pause.</summary>
    /// <returns>False: there is none.</returns>
    public static bool Take() => Change(-1) >= 0;

    private static int Change(int by)
    {
        lock (Gate)
        {
            if (NativeHost.PausesFile is not { } path)
            {
                if (_count + by < 0) return -1;
                return _count += by;
            }

            using FileStream file = Open(path);
            using StreamReader reader = new(file);
            int count = (int.TryParse(reader.ReadToEnd(), CultureInfo.InvariantCulture, out int number) ? number : 0) + by;
            if (by == 0 || count < 0) return count;
            file.SetLength(0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(count.ToString(CultureInfo.InvariantCulture)));
            return count;
        }
    }

    private static FileStream Open(string path)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (e is not DirectoryNotFoundException)
            {
                Thread.Sleep(1); // Another process has it.
            }
        }
    }
}
