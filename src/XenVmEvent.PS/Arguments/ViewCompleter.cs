using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Completes the views of the domain named before, or of all monitored domains.</summary>
public sealed class ViewCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string? domain = fakeBoundParameters["Domain"]?.ToString();
        return XenHost.Sessions
            .Where(s => domain is null || s.Domain.Name == domain || s.Domain.Id.ToString(CultureInfo.InvariantCulture) == domain)
            .SelectMany(Views)
            .Where(v => v.View.ToString(CultureInfo.InvariantCulture).StartsWith(wordToComplete ?? "", StringComparison.Ordinal))
            .DistinctBy(v => v.View)
            .Select(v => new CompletionResult($"{v.View}", $"{v.View}", CompletionResultType.ParameterValue, $"{v}, {v.Access}, vCPUs {string.Join(", ", v.VCpus)}"));
    }

    private static IReadOnlyList<MemoryView> Views(MonitorSession session)
    {
        try
        {
            return session.GetViews();
        }
        catch (XenException)
        {
            // Completion cannot report errors.
            return [];
        }
    }
}
