using System.Management.Automation;
using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;

namespace XenVmEvent.PS;

/// <summary>The value of -Policy, and of -Path of the cmdlets for policies.</summary>
internal static class PolicyPath
{
    /// <summary>Reads the policy in a file.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidPolicy"/>: it cannot be read, or is wrong.</exception>
    public static VmEventPolicy Read(PSCmdlet cmdlet, string path) => PolicyFile.Read(Resolve(cmdlet, path));

    /// <summary>The file of a path, which need not exist.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidPolicy"/>: it is not the path of a file.</exception>
    public static string Resolve(PSCmdlet cmdlet, string path)
    {
        try
        {
            return RecordingPath.Resolve(cmdlet.SessionState.Path, path);
        }
        catch (XenException e)
        {
            throw new XenException(XenErrorId.InvalidPolicy, e.Message, e.Remedy, e);
        }
    }
}
