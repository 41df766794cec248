using System.Runtime.CompilerServices;

namespace XenVmEvent.Bench;

/// <summary>Where bench/run has put what is measured.</summary>
internal static class Built
{
    public static string Command => In("bench/cli/xenvmevent");

    public static string Floor => In("bench/floor");

    public static string Results => In("bench/results.json");

    /// <summary>
    /// The simulator as Xen's libraries; with "-slotted", as the libraries of the Xen that has slots.
    /// </summary>
    public static string Libraries => In("NativeXen/lib");

    public static string Module => Directory.GetFiles(In("XenVmEvent"), "XenVmEvent.psd1", SearchOption.AllDirectories)[0];

    /// <summary>Debian's xen-access; null if it could not be fetched.</summary>
    public static string? XenAccess => Environment.GetEnvironmentVariable("XEN_ACCESS") is { Length: > 0 } path ? path : null;

    public static string Script(string name) => Path.Combine(Source(), name);

    private static string In(string path) => Path.GetFullPath(Path.Combine(Source(), "../out", path));

    private static string Source([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
