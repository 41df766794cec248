using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace XenVmEvent.PS;

/// <summary>Completes nothing; PowerShell itself would offer file names.</summary>
public sealed class NoCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) => [];
}
