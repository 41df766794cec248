using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace XenVmEvent.PS;

/// <summary>Completes the vCPUs of the domain named before; nothing if none is named.</summary>
public sealed class VCpuCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Enumerable.Range(0, VCpusOf(fakeBoundParameters["Domain"]?.ToString()))
            .Select(vcpu => vcpu.ToString(CultureInfo.InvariantCulture))
            .Where(vcpu => vcpu.StartsWith(wordToComplete ?? "", StringComparison.Ordinal))
            .Select(vcpu => new CompletionResult(vcpu, vcpu, CompletionResultType.ParameterValue, $"vCPU {vcpu}"));

    private static int VCpusOf(string? domain)
    {
        try
        {
            return string.IsNullOrWhiteSpace(domain) ? 0 : new DomainSelector(domain).Resolve(XenHost.Current, out _).Max(d => (int?)d.VCpus) ?? 0;
        }
        catch (XenException)
        {
            // Completion cannot report errors.
            return 0;
        }
    }
}
