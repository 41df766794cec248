using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>Completes the registers that an answer can set: a hashtable with one of them, to be filled in.</summary>
public sealed class RegisterCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Enum.GetNames<SettableRegister>()
            .Where(name => name.StartsWith(wordToComplete?.TrimStart('@', '{', ' ') ?? "", StringComparison.OrdinalIgnoreCase))
            .Select(name => new CompletionResult($"@{{ {name} = 0 }}", name, CompletionResultType.ParameterValue, name));
}
