using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>Ends all sessions when the module is removed, so that no guest is left with a listener that nobody serves.</summary>
public sealed class ModuleLifetime : IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo) => XenHost.Disconnect();
}
