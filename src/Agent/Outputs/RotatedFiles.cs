using System.Globalization;

namespace XenVmEvent.Agent;

/// <summary>
/// The full files beside the one that is written: <c>events-20260807T060504.003Z.jsonl</c> beside <c>events.jsonl</c>. Sorted
/// by name they are in the order of time.
/// </summary>
/// <param name="path">The file that is written.</param>
internal sealed class RotatedFiles(string path)
{
    private const string TimeFormat = "yyyyMMdd'T'HHmmss.fff'Z'";

    private readonly string _folder = Path.GetDirectoryName(path)!;
    private readonly string _begin = $"{Path.GetFileNameWithoutExtension(path)}-";
    private readonly string _end = Path.GetExtension(path);

    /// <summary>Gives the file that was written a name among the full ones.</summary>
    /// <param name="now">The time of day. If the clock was set back, the name has a time after the last one's.</param>
    public void Add(DateTimeOffset now)
    {
        // Names have milliseconds.
        if (All().LastOrDefault() is { Time: var last } && now < last.AddMilliseconds(1)) now = last.AddMilliseconds(1);
        File.Move(path, Path.Combine(_folder, $"{_begin}{now.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}{_end}"), overwrite: false);
    }

    /// <summary>Deletes the oldest until the others have no more than a number of bytes.</summary>
    public void Trim(long most)
    {
        FileInfo[] files = [.. All().Select(one => new FileInfo(one.Path))];
        long total = files.Sum(file => file.Length);
        foreach (FileInfo file in files)
        {
            if (total <= most) return;
            total -= file.Length;
            file.Delete();
        }
    }

    /// <summary>All of them, the oldest first. Whatever else lies there is not ours.</summary>
    private IEnumerable<(string Path, DateTimeOffset Time)> All()
    {
        List<(string Path, DateTimeOffset Time)> files = [];
        foreach (string file in Directory.EnumerateFiles(_folder))
        {
            string name = Path.GetFileName(file);
            if (!name.StartsWith(_begin, StringComparison.Ordinal) || !name.EndsWith(_end, StringComparison.Ordinal) || name.Length < _begin.Length + _end.Length) continue;
            string time = name[_begin.Length..^_end.Length];
            if (DateTimeOffset.TryParseExact(time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset when)) files.Add((file, when));
        }

        return files.OrderBy(one => one.Path, StringComparer.Ordinal);
    }
}
