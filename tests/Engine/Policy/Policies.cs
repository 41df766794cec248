using XenVmEvent.Monitoring;
using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;
using XenVmEvent.Symbols;
using Xunit;

namespace XenVmEvent.Tests.Policy;

/// <summary>Policies as their authors write them.</summary>
internal static class Policies
{
    /// <summary>A policy with these rules, one a line.</summary>
    public static string Of(params string[] rules) => Header + string.Concat(rules.Select(rule => $"- {rule}\n"));

    /// <summary>The first lines of every policy; the rules begin in line 5.</summary>
    public const string Header = "version: 1\nname: test\ndomains: ['*']\nrules:\n";

    public static VmEventPolicy Parse(string text, SymbolMap? symbols = null)
    {
        VmEventPolicy? policy = PolicyFile.Parse(text, _ => symbols!, out IReadOnlyList<PolicyProblem> problems);
        Assert.Empty(problems);
        return policy!;
    }

    public static EventRules Rules(params string[] rules) => Parse(Of(rules)).RulesFor("web01");

    public static EventRules Rules(SymbolMap symbols, params string[] rules) => Parse("symbols: map\n" + Of(rules), symbols).RulesFor("web01");

    public static PolicyProblem[] Problems(string text, SymbolMap? symbols = null)
    {
        if (symbols is not null) text = "symbols: map\n" + text;
        VmEventPolicy? policy = PolicyFile.Parse(text, path => symbols ?? throw new XenException(XenErrorId.InvalidPolicy, $"No {path}.", ""), out IReadOnlyList<PolicyProblem> problems);
        Assert.Equal(problems.Count > 0, policy is null);
        return [.. problems];
    }
}
