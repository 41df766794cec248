using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;

namespace XenVmEvent.Agent;

/// <summary>Gives a configuration's tree its meaning, and notes everything in it that is wrong.</summary>
/// <param name="tree">The tree.</param>
/// <param name="folder">The folder from which relative names of files count.</param>
/// <param name="problems">What is wrong is added here.</param>
internal sealed class ConfigurationReader(PolicyNode tree, string folder, List<PolicyProblem> problems)
{
    private const string Version = "1";
    private const int MostWaiting = 10_000_000;

    private readonly PolicyMap _map = new(tree, "A configuration", problems);
    private PolicyNode _policies = tree;

    /// <summary>Reads all but the policies themselves.</summary>
    public AgentConfiguration Read()
    {
        ReadVersion();
        AgentConfiguration configuration = new()
        {
            PolicyFolder = ReadFolder(),
            Policies = [],
            Outputs = ReadOutputs(),
            Limits = ReadLimits(),
            Channel = _map.TakeName<ChannelPreference>("channel") ?? ChannelPreference.Auto,
        };
        if (_map.Node.Kind == PolicyNodeKind.Map) _map.RefuseOthers("A configuration");
        return configuration;
    }

    /// <summary>Notes what is wrong with the folder of the policies.</summary>
    public void NoteFolder(string message) => _map.Note(_policies, message);

    private void ReadVersion()
    {
        if (_map.Node.Kind != PolicyNodeKind.Map) return;
        if (_map.Take("version") is not { } node) _map.Note(_map.Node, $"'version' is missing: write 'version: {Version}'.");
        else if (node.Kind != PolicyNodeKind.Word || node.Text != Version) _map.Note(node, $"'version' is {Version}; this program reads no other.");
    }

    private string ReadFolder()
    {
        const string Usual = "policies.d";
        if (_map.Take("policies") is not { } node) return Path.Combine(folder, Usual);
        _policies = node;
        return Path.Combine(folder, _map.TextOf(node, "policies") ?? Usual);
    }

    private AgentLimits ReadLimits()
    {
        AgentLimits usual = new();
        if (_map.Take("limits") is not { } node) return usual;
        PolicyMap map = new(node, "'limits'", problems);
        AgentLimits limits = new()
        {
            Buffer = ReadCount(map, "buffer") ?? usual.Buffer,
            HoldTime = map.TakeDuration("holdTime", TimeSpan.FromMinutes(MonitorOptions.LongestResponseMinutes)),
            EndTime = map.TakeDuration("endTime", TimeSpan.FromMinutes(1)) ?? usual.EndTime,
        };
        map.RefuseOthers("'limits'");
        return limits;
    }

    private List<OutputSettings> ReadOutputs()
    {
        List<OutputSettings> outputs = [];
        if (_map.Take("outputs") is not { } node) return outputs;
        _ = new PolicyMap(node, "'outputs'", problems);
        foreach ((PolicyNode name, PolicyNode settings) in node.Entries)
        {
            if (name.Kind != PolicyNodeKind.Word) continue;
            if (!IsName(name.Text)) _map.Note(name, "The name of an output has 1 to 40 small letters, digits, '-' and '_'.");
            else if (new OutputReader(name, settings, folder, problems).Read() is { } output) Add(output, settings);
        }

        return outputs;

        void Add(OutputSettings output, PolicyNode settings)
        {
            if (output is FileOutputSettings file && outputs.OfType<FileOutputSettings>().FirstOrDefault(one => one.Path == file.Path) is { } other)
                _map.Note(settings, $"The output '{other.Name}' writes to this file already.");
            outputs.Add(output);
        }
    }

    /// <summary>A number of events that may wait.</summary>
    internal static int? ReadCount(PolicyMap map, string key)
    {
        PolicyNode? node = map.Take(key);
        int? count = (int?)map.TakeNumber(key, MostWaiting, $"a number from 1 to {MostWaiting}");
        if (count == 0) map.Note(node!, $"'{key}' is a number from 1 to {MostWaiting}.");
        return count;
    }

    private static bool IsName(string text) =>
        text.Length is > 0 and <= 40 && text.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '_');
}
