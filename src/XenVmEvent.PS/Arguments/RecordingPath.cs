using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>The files that paths of PowerShell mean.</summary>
internal static class RecordingPath
{
    private const string FileSystem = "FileSystem";

    /// <summary>The file that a path means, which need not be there.</summary>
    /// <exception cref="XenException">It is none.</exception>
    public static string Resolve(PathIntrinsics paths, string path) =>
        Checked(path, () => (paths.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _), provider));

    /// <summary>The files that a path with wildcards means. The name of a file that is there is a name first.</summary>
    /// <exception cref="XenException">There is none, or it means something else.</exception>
    public static IReadOnlyCollection<string> ResolveAll(PathIntrinsics paths, string path)
    {
        string literal = Resolve(paths, path);
        if (File.Exists(literal)) return [literal];
        IReadOnlyCollection<string> files = Checked<IReadOnlyCollection<string>>(
            path, () => (paths.GetResolvedProviderPathFromPSPath(path, out ProviderInfo provider), provider));
        return files.Count > 0 ? files : throw new XenException(XenErrorId.RecordingFailed, $"No file matches '{path}'.", "Name an existing file.");
    }

    private static T Checked<T>(string path, Func<(T Files, ProviderInfo Provider)> resolve)
    {
        try
        {
            (T files, ProviderInfo provider) = resolve();
            return provider.Name == FileSystem
                ? files
                : throw new XenException(XenErrorId.RecordingFailed, $"'{path}' is not a file: it belongs to the provider {provider.Name}.", "Name a file.");
        }
        catch (RuntimeException e)
        {
            throw new XenException(XenErrorId.RecordingFailed, e.Message, "Name an existing file on a drive that Get-PSDrive lists.", e);
        }
    }
}
