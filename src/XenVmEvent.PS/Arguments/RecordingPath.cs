using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>Resolves PowerShell paths to files.</summary>
internal static class RecordingPath
{
    private const string FileSystem = "FileSystem";

    /// <summary>The file of a path, which need not exist.</summary>
    /// <exception cref="XenException">It is not a file path.</exception>
    public static string Resolve(PathIntrinsics paths, string path) =>
        Checked(path, () => (paths.GetUnresolvedProviderPathFromPSPath(path, out ProviderInfo provider, out _), provider));

    /// <summary>
    /// The files of a path with wildcards. The name of an existing file takes precedence over a pattern.
    /// </summary>
    /// <exception cref="XenException">There is none, or it is not a file path.</exception>
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
