using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Cli;

/// <summary>
/// The descriptors 0, 1 and 2 as the process was given them. One that was closed is filled before anything else is opened: a
/// recording, or a device of Xen's, that got its number would also get what is meant for people.
/// </summary>
internal static class StandardStreams
{
    private const int Count = 3;

    /// <summary>In the flags of fdinfo: the access mode, and the mark that no descriptor has which came through exec.</summary>
    private const int AccessMode = 3;
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;

    /// <summary>Open for as long as the process lives.</summary>
    private static readonly List<SafeFileHandle> Filled = [];

    private static readonly bool[] Refuses = new bool[Count];

    /// <summary>Looks at them and fills the closed ones; to be called first of all.</summary>
    public static void Claim()
    {
        // The lowest number that is free is the one that a file gets. It can be read alone: to write to it is an error.
        while (true)
        {
            SafeFileHandle handle = File.OpenHandle("/dev/null");
            if (handle.DangerousGetHandle() < Count)
            {
                Filled.Add(handle);
                continue;
            }

            handle.Dispose();
            break;
        }

        for (int descriptor = 0; descriptor < Count; descriptor++)
        {
            int flags = FlagsOf(descriptor);
            Refuses[descriptor] = (flags & AccessMode) == ReadOnly || (flags & CloseOnExec) != 0;
        }

        if (!CanWrite(StandardOutput.Descriptor)) Console.SetOut(new ClosedOutput());
        if (!CanWrite(StandardError.Descriptor)) Console.SetError(TextWriter.Null);
    }

    /// <summary>Whether a descriptor is for writing, and is what the process was given rather than a file of the runtime's.</summary>
    public static bool CanWrite(int descriptor) => !Refuses[descriptor];

    private static int FlagsOf(int descriptor)
    {
        try
        {
            foreach (string line in File.ReadLines($"/proc/self/fdinfo/{descriptor.ToString(CultureInfo.InvariantCulture)}"))
            {
                if (line.StartsWith("flags:", StringComparison.Ordinal)) return Convert.ToInt32(line[6..].Trim(), 8);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without /proc it shows when it is written to.
        }

        return AccessMode;
    }
}

/// <summary>In the place of a standard output that cannot be written to: whatever is written fails.</summary>
internal sealed class ClosedOutput : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => throw StandardOutput.Closed();
}
