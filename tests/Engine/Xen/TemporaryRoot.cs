namespace XenVmEvent.Tests.Xen;

/// <summary>A directory to stand in for "/", with the files that a test writes.</summary>
internal sealed class TemporaryRoot : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("xenvmevent-").FullName;

    public void Write(string path, string content)
    {
        string file = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
    }

    public void Link(string path, string target)
    {
        string link = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(link)!);
        File.CreateSymbolicLink(link, target);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
