using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>Completes the names of model-specific registers, also without their IA32_ prefix.</summary>
public sealed class MsrCompleter : IArgumentCompleter
{
    private const string Prefix = "IA32_";

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        MsrNames.All
            .Where(name => IsBegunBy(name, wordToComplete ?? "") || IsBegunBy(name, Prefix + wordToComplete))
            .Select(name => new CompletionResult(name, name, CompletionResultType.ParameterValue, Number(name)));

    private static bool IsBegunBy(string name, string word) => name.StartsWith(word, StringComparison.OrdinalIgnoreCase);

    private static string Number(string name) => MsrNames.TryParse(name, out uint msr) ? $"0x{msr:x}" : name;
}
