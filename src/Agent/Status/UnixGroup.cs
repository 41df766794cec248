using System.Globalization;

namespace XenVmEvent.Agent;

/// <summary>Groups of the system.</summary>
internal static class UnixGroup
{
    private const string File = "/etc/group";

    /// <summary>The id of a group by its name.</summary>
    /// <exception cref="IOException">There is no such group.</exception>
    public static uint Find(string name)
    {
        foreach (string line in System.IO.File.ReadLines(File))
        {
            string[] fields = line.Split(':');
            if (fields.Length >= 3 && fields[0] == name && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint id)) return id;
        }

        throw new IOException($"There is no group '{name}' in {File}.");
    }
}
