using XenVmEvent.Events;
using XenVmEvent.Policy;

namespace XenVmEvent.Agent;

/// <summary>Reads the settings of one output.</summary>
/// <param name="name">Its name.</param>
/// <param name="node">Its settings.</param>
/// <param name="folder">The folder from which relative names of files count.</param>
/// <param name="problems">What is wrong is added here.</param>
internal sealed class OutputReader(PolicyNode name, PolicyNode node, string folder, List<PolicyProblem> problems)
{
    private readonly PolicyMap _map = new(node, $"The output '{name.Text}'", problems);

    /// <returns>Null if it is switched off, or if something is wrong.</returns>
    public OutputSettings? Read()
    {
        if (node.Kind != PolicyNodeKind.Map) return null;
        if (!_map.Has("type")) _map.Note(name, $"'type' is missing: it is one of {string.Join(", ", Enum.GetNames<OutputType>().Select(PolicyMap.Written))}.");
        OutputType? type = _map.TakeName<OutputType>("type");
        bool isEnabled = !_map.Has("enabled") || _map.TakeBoolean("enabled");
        int? queue = ConfigurationReader.ReadCount(_map, "queue");
        RuleSeverity? severity = _map.TakeName<RuleSeverity>("severity");
        OutputSettings? settings = type switch
        {
            OutputType.File => ReadFile(),
            OutputType.Journal => ReadJournal(),
            OutputType.Redis => ReadRedis(),
            _ => null,
        };
        if (type is null) return null;
        _map.RefuseOthers($"An output of the type {PolicyMap.Written(type.Value.ToString())}");
        return settings is null || !isEnabled ? null : settings with { Queue = queue ?? settings.Queue, Severity = severity ?? settings.Severity };
    }

    private FileOutputSettings? ReadFile()
    {
        FileOutputSettings usual = new() { Name = name.Text, Path = "" };
        string path = Path.GetFullPath(Path.Combine(folder, _map.RequireText("path")));
        long fileSize = ReadSize("fileSize", FileOutputSettings.SmallestFile) ?? usual.FileSize;
        TimeSpan fileAge = _map.TakeDuration("fileAge", TimeSpan.FromDays(366)) ?? usual.FileAge;
        PolicyNode total = _map.Take("totalSize") ?? node;
        long totalSize = ReadSize("totalSize", FileOutputSettings.SmallestFile) ?? Math.Max(usual.TotalSize, 2 * fileSize);
        if (totalSize < 2 * fileSize) _map.Note(total, "'totalSize' is at least twice 'fileSize': a file is deleted only after the next has begun.");
        return usual with { Path = path, FileSize = fileSize, FileAge = fileAge, TotalSize = totalSize };
    }

    private JournalOutputSettings ReadJournal()
    {
        JournalOutputSettings usual = new() { Name = name.Text, Severity = RuleSeverity.Warning };
        return usual with { Socket = SocketPath.Read(_map, "socket", folder) ?? usual.Socket };
    }

    private RedisOutputSettings ReadRedis()
    {
        RedisOutputSettings usual = new() { Name = name.Text, Redis = new RedisSettings { Server = "" }, SpoolFolder = $"/var/spool/xenvmevent/{name.Text}" };
        PolicyNode server = _map.Take("server") ?? node;
        RedisSettings redis = new() { Server = _map.RequireText("server"), PasswordFile = ReadPath("passwordFile"), AuthorityFile = ReadPath("authorityFile") };
        if (redis.Server.Length > 0 && redis.FindProblem() is { } problem) _map.Note(server, problem);
        PolicyNode host = _map.Take("host") ?? node;
        string hostName = _map.TakeText("host") ?? usual.HostName;
        if (!HostStream.IsName(hostName)) _map.Note(host, "'host' is the name of a host: letters, digits, '.', '-' and '_'.");
        return usual with
        {
            Redis = redis,
            HostName = hostName,
            SpoolFolder = ReadPath("spool") ?? usual.SpoolFolder,
            SpoolSize = ReadSize("spoolSize", RedisOutputSettings.SmallestSpool) ?? usual.SpoolSize,
            MostEntries = ReadEntries() ?? (_map.Has("longestAge") ? null : usual.MostEntries),
            LongestAge = _map.TakeDuration("longestAge", TimeSpan.FromDays(3660)),
        };
    }

    private string? ReadPath(string key) => _map.TakeText(key) is { } path ? Path.GetFullPath(Path.Combine(folder, path)) : null;

    private long? ReadEntries()
    {
        PolicyNode? its = _map.Take("mostEntries");
        long? most = (long?)_map.TakeNumber("mostEntries", long.MaxValue, "a number, 1 or more");
        if (most == 0) _map.Note(its!, "'mostEntries' is a number, 1 or more.");
        return most;
    }

    private long? ReadSize(string key, long smallest)
    {
        if (_map.Take(key) is not { } its) return null;
        if (its.Kind == PolicyNodeKind.Word && SizeText.TryParse(its.Text, out long bytes) && bytes >= smallest) return bytes;
        _map.Note(its, $"'{key}' is a size of at least {smallest / 1024} KiB, such as 64MiB or 1GiB.");
        return null;
    }
}

/// <summary>The types of output.</summary>
internal enum OutputType
{
    /// <summary>Files of JSON Lines.</summary>
    File,

    /// <summary>systemd's journal.</summary>
    Journal,

    /// <summary>A stream of Redis.</summary>
    Redis,
}
