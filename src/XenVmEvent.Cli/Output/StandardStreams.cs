using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace XenVmEvent.Cli;

/// <summary>
/// The descriptors 0, 1 and 2 as the process was given them. A closed one is filled before anything else is opened.
/// Otherwise a recording, or a device of Xen's, could get its number and then also what is meant for people.
/// </summary>
internal static class StandardStreams
{
    private const int Count = 3;

    /// <summary>
    /// In the flags of fdinfo: the access mode, and the close-on-exec flag, which no inherited descriptor has.
    /// </summary>
    private const int AccessMode = 3;
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;

    /// <summary>These stay open for as long as the process lives.</summary>
    private static readonly List<SafeFileHandle> Filled = [];

    private static readonly bool[] Refuses = new bool[Count];

    /// <summary>Looks at the descriptors and fills the closed ones. This must be called first of all.</summary>
    public static void Claim()
    {
        // A file gets the lowest free number. It is opened only for reading, so that writing to it is an error.
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

    /// <summary>
    /// Whether a descriptor can be written, and is the one that the process was given, not a file of the runtime.
    /// </summary>
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
            // Without /proc, the first write shows it.
        }

        return AccessMode;
    }
}

/// <summary>Stands in for a standard output that cannot be written: every write fails.</summary>
internal sealed class ClosedOutput : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => throw StandardOutput.Closed();
}
