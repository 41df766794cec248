using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>
/// What the module does when it is imported and removed. Removing it ends all sessions, so that no guest is left with a
/// listener that does not respond.
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
