using System.Collections.ObjectModel;

namespace System.Management.Automation;

/// <summary>Files, without drives.</summary>
public sealed class ItemCmdletProviderIntrinsics
{
    public Collection<PSObject> Get(string[] path, bool force, bool literalPath) => literalPath
        ? [.. path.Select(p => new PSObject(new IO.FileInfo(p)))]
        : throw new NotSupportedException("The stand-in gets no items by wildcards.");
}
