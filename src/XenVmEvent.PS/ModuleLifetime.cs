using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>
/// What the module does when it comes and goes. When it is removed it ends all sessions, so that no guest is left with a
/// listener that nobody serves.
/// </summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnImport() => DependencyContext.Attach();

    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        XenHost.EndSessions();
        EndingSignals.Ignore();
        DependencyContext.Detach();
    }
}
