using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>Completes the names of the existing domains.</summary>
public sealed class DomainCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string begun = (wordToComplete ?? "").Trim('\'', '"').Replace("''", "'", StringComparison.Ordinal);
        IReadOnlyList<XenDomain> domains = Domains();
        return domains
            .Where(d => d.Id != 0 && d.Name.StartsWith(begun, StringComparison.OrdinalIgnoreCase))
            .Select(d => new CompletionResult(Call(d, domains), d.Name, CompletionResultType.ParameterValue, $"{d}, {d.Type}, {d.VCpus} vCPUs"));
    }

    private static IReadOnlyList<XenDomain> Domains()
    {
        try
        {
            return XenHost.Current.GetDomains();
        }
        catch (XenException)
        {
            // Completion cannot report errors.
            return [];
        }
    }

    /// <summary>
    /// Text that means only this domain: its name, unless that is a number or also another domain's name.
    /// </summary>
    private static string Call(XenDomain domain, IReadOnlyList<XenDomain> all) =>
        domain.Name.Length == 0 || domain.Name.All(char.IsAsciiDigit) || all.Count(d => d.Name == domain.Name) > 1
            ? domain.Id.ToString(CultureInfo.InvariantCulture)
            : Quote(domain.Name);

    private static string Quote(string name) => name.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.') ? name : $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";
}
