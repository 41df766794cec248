using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>Completes the names of the domains that are there now.</summary>
public sealed class DomainCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        WildcardPattern pattern = WildcardPattern.Get($"{wordToComplete?.Trim('\'', '"')}*", WildcardOptions.IgnoreCase);
        return Domains()
            .Where(d => d.Id != 0 && pattern.IsMatch(d.Name))
            .Select(d => new CompletionResult(Quote(d.Name), d.Name, CompletionResultType.ParameterValue, $"{d}, {d.Type}, {d.VCpus} vCPUs"));
    }

    private static IReadOnlyList<XenDomain> Domains()
    {
        try
        {
            return XenHost.Current.GetDomains();
        }
        catch (XenException)
        {
            // Completion has nobody to tell.
            return [];
        }
    }

    private static string Quote(string name) => name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.') ? name : $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";
}
