using System.Reflection;
using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>Loads the libraries of the running Xen and resolves the imports to them.</summary>
internal static class XenLibraries
{
    private const string Maps = "/proc/self/maps";

    private static readonly Lock Loading = new();
    private static readonly Dictionary<string, (nint Handle, string File)> Loaded = [];

    static XenLibraries() => NativeLibrary.SetDllImportResolver(typeof(XenLibraries).Assembly, Resolve);

    /// <summary>Loads the libraries that a session needs.</summary>
    /// <returns>The file of libxenctrl.</returns>
    /// <exception cref="XenException">A library is not installed.</exception>
    public static string Load(XenVersion? running)
    {
        string package = running is XenVersion version ? $"libxenmisc{version}" : "libxenmisc with Xen's version";
        Load(XenEventChannel.Library, ["libxenevtchn.so.1"], "libxenevtchn1");
        Load(XenStore.Library, ["libxenstore.so.4", "libxenstore.so.3.0"], "libxenstore4 (libxenstore3.0 before Xen 4.17)");
        string file = Load(XenCtrl.Library, XenLibraryNames.OfXenCtrl(running, XenLibraryNames.Installed("/")), package);

        // The name that development packages link has no release; the file behind it has.
        return XenLibraryNames.ReleaseOf(file) is null ? MappedFile() ?? file : file;
    }

    /// <summary>Whether the loaded libxenctrl has a function that only some releases have.</summary>
    public static bool XenCtrlHas(string function)
    {
        lock (Loading) return NativeLibrary.TryGetExport(Loaded[XenCtrl.Library].Handle, function, out _);
    }

    /// <summary>Loads the library that injects exceptions, if libxenctrl cannot.</summary>
    public static void LoadDeviceModel() =>
        Load(XenDeviceModel.Library, ["libxendevicemodel.so.1"], "libxendevicemodel1");

    /// <summary>Loads the library for hypercalls that libxenctrl has no function for.</summary>
    public static void LoadCall() => Load(XenCall.Library, ["libxencall.so.1"], "libxencall1");

    private static string Load(string library, IEnumerable<string> files, string package)
    {
        lock (Loading)
        {
            if (Loaded.TryGetValue(library, out (nint Handle, string File) loaded)) return loaded.File;
            foreach (string file in files)
            {
                if (!NativeLibrary.TryLoad(file, out nint handle)) continue;
                Loaded.Add(library, (handle, file));
                return file;
            }
        }

        throw new XenException(
            XenErrorId.XenNotAvailable,
            $"Xen's library {library} is not installed, or is for another architecture.",
            $"Install it (Debian's package is {package}), or use the simulator.",
            task: RemedyTask.UseSimulator);
    }

    /// <summary>
    /// The name of the file that the loaded libxenctrl was mapped from; null if the kernel does not tell.
    /// </summary>
    private static string? MappedFile()
    {
        nint function;
        lock (Loading) function = NativeLibrary.GetExport(Loaded[XenCtrl.Library].Handle, "xc_interface_open");
        return XenLibraryNames.MappedAt((ulong)function, File.Exists(Maps) ? File.ReadLines(Maps) : []);
    }

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? searchPath)
    {
        lock (Loading) return Loaded.TryGetValue(library, out (nint Handle, string File) loaded) ? loaded.Handle : 0;
    }
}
