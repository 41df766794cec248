using System.Reflection;
using System.Runtime.InteropServices;
using XenVmEvent.Hypervisor;
using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>The libraries have whatever the engine imports.</summary>
public class ExportTests : NativeXenTest
{
    private static readonly string[] Simulated = ["libxenctrl", "libxenevtchn", "libxenstore", "libxendevicemodel", "libxencall"];

    [Fact]
    public void Every_import_of_the_engine_is_exported()
    {
        nint library = NativeLibrary.Load(Path.Combine(NativeXen.Libraries, "libsimulatedxen.so"));
        string[] missing =
        [
            .. from type in typeof(IHypervisor).Assembly.GetTypes()
               from method in type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
               let import = method.GetCustomAttribute<LibraryImportAttribute>()
               where import is not null && Simulated.Contains(import.LibraryName)
               let name = import.EntryPoint ?? method.Name
               where !NativeLibrary.TryGetExport(library, $"simulated_{name}", out _)
               select $"{import.LibraryName}: {name}",
        ];
        Assert.Empty(missing);
    }
}
