using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace XenVmEvent.PS;

/// <summary>Completes the names of the domains that have a session.</summary>
public sealed class SessionCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        HashSet<string> monitored = [.. XenHost.Sessions.Select(s => s.Domain.Name)];
        return new DomainCompleter()
            .CompleteArgument(commandName, parameterName, wordToComplete, commandAst, fakeBoundParameters)
            .Where(completion => monitored.Contains(completion.ListItemText));
    }
}
