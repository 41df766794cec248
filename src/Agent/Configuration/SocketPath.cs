using System.Text;
using XenVmEvent.Policy;

namespace XenVmEvent.Agent;

/// <summary>Reads the names of unix sockets.</summary>
internal static class SocketPath
{
    /// <summary>The longest name in bytes that Linux takes, without its end.</summary>
    private const int Longest = 107;

    /// <summary>The socket of a key; null if the key is not there.</summary>
    /// <param name="map">The map.</param>
    /// <param name="key">The key.</param>
    /// <param name="folder">The folder from which relative names count.</param>
    public static string? Read(PolicyMap map, string key, string folder)
    {
        if (map.Take(key) is not { } node || map.TextOf(node, key) is not { } text) return null;
        string path = Path.Combine(folder, text);
        if (Encoding.UTF8.GetByteCount(path) <= Longest) return path;
        map.Note(node, $"The name of a socket has at most {Longest} bytes; '{PolicyMap.Short(path)}' has more.");
        return null;
    }
}
