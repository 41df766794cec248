using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Text.RegularExpressions;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>The module as the build leaves it in out/: what a user imports, and what the tests run on.</summary>
internal static partial class BuiltModule
{
    /// <summary>The root of the repository.</summary>
    public static string Root { get; } = FindRoot();

    private static string Manifest { get; } = Path.Combine(Root, "out", "XenVmEvent", Version(), "XenVmEvent.psd1");

    /// <summary>A PowerShell that has imported the module by its manifest.</summary>
    public static Runspace OpenRunspace(RecordingHost host)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ThreadOptions = PSThreadOptions.UseCurrentThread;
        state.ImportPSModule(Manifest);
        state.Commands.Add(new SessionStateCmdletEntry("Invoke-Each", typeof(InvokeEachCommand), null));
        Runspace runspace = RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
        return runspace;
    }

    /// <summary>The tests' own references go to the module's assemblies too, so that each is loaded once.</summary>
    [ModuleInitializer]
    internal static void Find() => AssemblyLoadContext.Default.Resolving += (context, name) =>
        name.Name is "XenVmEvent.PS" or "XenVmEvent.Engine"
            ? context.LoadFromAssemblyPath(Path.Combine(Path.GetDirectoryName(Manifest)!, $"{name.Name}.dll"))
            : null;

    private static string FindRoot()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "XenVmEvent.psd1"))) root = Path.GetDirectoryName(root)!;
        return root;
    }

    private static string Version() => ModuleVersion().Match(File.ReadAllText(Path.Combine(Root, "XenVmEvent.psd1"))).Groups[1].Value;

    [GeneratedRegex(@"ModuleVersion\s*=\s*'([^']+)'")]
    private static partial Regex ModuleVersion();
}
