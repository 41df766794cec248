using System.Reflection;
using System.Runtime.Loader;

namespace XenVmEvent.PS;

/// <summary>
/// Loads what the module needs besides .NET and PowerShell from its lib directory, apart from the assemblies of other
/// modules, which may need another version of the same.
/// </summary>
internal sealed class DependencyContext : AssemblyLoadContext
{
    private static readonly string Folder = Path.Combine(Path.GetDirectoryName(typeof(DependencyContext).Assembly.Location)!, "lib");
    private static readonly DependencyContext Instance = new();

    private DependencyContext() : base(nameof(XenVmEvent))
    {
    }

    /// <summary>From now on the module finds its own assemblies there.</summary>
    public static void Attach() => Default.Resolving += FindOwn;

    /// <summary>Stops that.</summary>
    public static void Detach() => Default.Resolving -= FindOwn;

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string file = Path.Combine(Folder, $"{assemblyName.Name}.dll");
        return File.Exists(file) ? LoadFromAssemblyPath(file) : null;
    }

    private static Assembly? FindOwn(AssemblyLoadContext context, AssemblyName name) =>
        name.Name is "XenVmEvent.Agent" or "XenVmEvent.Disassembly" or "XenVmEvent.PolicyFiles" ? Instance.LoadFromAssemblyName(name) : null;
}
