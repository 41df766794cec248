using XenVmEvent.Monitoring;
using XenVmEvent.Symbols;

namespace XenVmEvent.Policy;

/// <summary>Gives the parts of a policy's file their meaning, and finds everything in it that is wrong.</summary>
public static class PolicyReader
{
    /// <summary>The version of the format that this program reads.</summary>
    public const int Version = 1;

    private const int MostProblems = 100;
    private const int MostPerSecond = 1_000_000_000;

    /// <summary>Reads a policy.</summary>
    /// <param name="root">The whole file.</param>
    /// <param name="readSymbols">
    /// Reads the symbols in a file that the policy names. It throws an <see cref="XenException"/> if it cannot.
    /// </param>
    /// <param name="problems">Everything that is wrong, in the order of the file; empty if nothing is.</param>
    /// <returns>The policy; null if anything is wrong.</returns>
    public static VmEventPolicy? Read(PolicyNode root, Func<string, SymbolMap> readSymbols, out IReadOnlyList<PolicyProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(readSymbols);
        List<PolicyProblem> found = [];
        VmEventPolicy policy = Read(new PolicyMap(root, "A policy", found), readSymbols);
        problems = [.. found.DistinctBy(one => (one.Line, one.Column, one.Message)).OrderBy(one => one.Line).ThenBy(one => one.Column).Take(MostProblems)];
        return problems.Count == 0 ? policy : null;

        VmEventPolicy Read(PolicyMap map, Func<string, SymbolMap> symbols)
        {
            if (map.Node.Kind != PolicyNodeKind.Map) return new VmEventPolicy("", PolicyMode.Enforce, [], new PolicyLimits(), []);
            ReadVersion(map);
            string name = map.RequireText("name");
            PolicyMode mode = map.TakeName<PolicyMode>("mode") ?? PolicyMode.Enforce;
            UnsupportedRules unsupported = map.TakeName<UnsupportedRules>("unsupported") ?? UnsupportedRules.Refuse;
            IReadOnlyList<string> domains = ReadDomains(map);
            PolicyLimits limits = ReadLimits(map, found);
            List<(string Pattern, SymbolMap? Symbols)> maps = ReadSymbols(map, symbols, found);
            PolicyNode? rules = map.Take("rules");
            if (rules is not { Kind: PolicyNodeKind.List, Items.Count: > 0 and <= PolicyMap.MostEntries })
                map.Note(rules ?? map.Node, $"'rules' is a list of 1 to {PolicyMap.MostEntries} rules.");
            map.RefuseOthers("A policy");
            return new VmEventPolicy(name, mode, domains, limits, [.. maps.Select(one => (one.Pattern, new EventRules
            {
                Name = name,
                Rules = ReadRules(rules?.Items.Take(PolicyMap.MostEntries) ?? [], one.Symbols, found),
                Enforces = mode == PolicyMode.Enforce,
                MostPerSecond = limits.EventsPerSecond,
                Excess = limits.Excess,
            }))])
            {
                Unsupported = unsupported,
            };
        }
    }

    private static void ReadVersion(PolicyMap map)
    {
        if (!map.Has("version")) map.Note(map.Node, $"'version' is missing: write 'version: {Version}'.");
        else if (map.Take("version") is { } node && (node.Kind != PolicyNodeKind.Word || node.Text != "1")) map.Note(node, $"'version' is {Version}; this program reads no other.");
    }

    private static IReadOnlyList<string> ReadDomains(PolicyMap map)
    {
        if (!map.Has("domains")) map.Note(map.Node, "'domains' is missing: name the guests, as in 'domains: [web*, db01]'.");
        return [.. map.TakeWords("domains").Select(node => map.TextOf(node, "domains") ?? "")];
    }

    private static PolicyLimits ReadLimits(PolicyMap map, List<PolicyProblem> problems)
    {
        if (map.Take("limits") is not { } node) return new PolicyLimits();
        PolicyMap limits = new(node, "'limits'", problems);
        PolicyLimits read = new(
            (int?)limits.TakeNumber("eventsPerSecond", MostPerSecond, $"a number from 0 to {MostPerSecond}"),
            limits.TakeDuration("holdTime", TimeSpan.FromMinutes(MonitorOptions.LongestResponseMinutes)),
            limits.TakeName<ExcessAction>("excess") ?? ExcessAction.Shed);
        if (read is { Excess: ExcessAction.Slow, EventsPerSecond: null or 0 }) limits.Note(node, "'excess: slow' needs 'eventsPerSecond' of 1 or more.");
        limits.RefuseOthers("'limits'");
        return read;
    }

    /// <summary>The symbols of the guests by their names' patterns; a policy without symbols has one entry for all.</summary>
    private static List<(string Pattern, SymbolMap? Symbols)> ReadSymbols(PolicyMap map, Func<string, SymbolMap> read, List<PolicyProblem> problems)
    {
        if (map.Take("symbols") is not { } node) return [("*", null)];
        if (node.Kind == PolicyNodeKind.Word) return [("*", Open(node))];
        PolicyMap byPattern = new(node, "'symbols'", problems);
        List<(string Pattern, SymbolMap? Symbols)> all = [];
        foreach ((PolicyNode pattern, PolicyNode file) in node.Entries.Take(PolicyMap.MostEntries)) all.Add((pattern.Text, Open(file)));
        if (all.Count == 0) byPattern.Note(node, "'symbols' names a file, or files by the names of guests, as in 'symbols: {web*: web.map}'.");
        return all.Count == 0 ? [("*", null)] : all;

        SymbolMap? Open(PolicyNode file)
        {
            if (map.TextOf(file, "symbols") is not { } path) return null;
            try
            {
                return read(path);
            }
            catch (XenException e)
            {
                map.Note(file, e.Message);
                return null;
            }
        }
    }

    private static List<EventRule> ReadRules(IEnumerable<PolicyNode> nodes, SymbolMap? symbols, List<PolicyProblem> problems)
    {
        List<EventRule> rules = [];
        HashSet<string> names = [];
        foreach (PolicyNode node in nodes)
        {
            PolicyMap map = new(node, "A rule", problems);
            if (node.Kind != PolicyNodeKind.Map) continue;
            PolicyNode? name = map.Take("name");
            if (new RuleReader(map, symbols).Read() is { } rule) rules.Add(rule);
            if (name is { Kind: PolicyNodeKind.Word } && !names.Add(name.Text)) map.Note(name, $"Another rule is called '{PolicyMap.Short(name.Text)}' too.");
        }

        return rules;
    }
}
