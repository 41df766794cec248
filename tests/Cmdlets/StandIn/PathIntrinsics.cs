using System.Collections.ObjectModel;

namespace System.Management.Automation;

/// <summary>Paths of the file system, without drives.</summary>
public sealed class PathIntrinsics
{
    public string GetUnresolvedProviderPathFromPSPath(string path, out ProviderInfo provider, out PSDriveInfo? drive)
    {
        provider = new ProviderInfo("FileSystem");
        drive = null;
        return IO.Path.GetFullPath(path);
    }

    public Collection<string> GetResolvedProviderPathFromPSPath(string path, out ProviderInfo provider)
    {
        string full = GetUnresolvedProviderPathFromPSPath(path, out provider, out _);
        if (!WildcardPattern.ContainsWildcardCharacters(path))
        {
            return IO.File.Exists(full) ? [full] : throw new ItemNotFoundException($"Cannot find path '{full}' because it does not exist.");
        }

        WildcardPattern pattern = WildcardPattern.Get(IO.Path.GetFileName(full), WildcardOptions.IgnoreCase);
        return [.. IO.Directory.GetFiles(IO.Path.GetDirectoryName(full)!).Where(f => pattern.IsMatch(IO.Path.GetFileName(f))).Order()];
    }
}
