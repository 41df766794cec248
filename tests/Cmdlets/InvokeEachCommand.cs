using System.Management.Automation;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>ForEach-Object with C# instead of a script block: calls the action with each object and passes it on.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "Each")]
public sealed class InvokeEachCommand : PSCmdlet
{
    [Parameter(Mandatory = true)]
    public Action<object?> Action { get; set; } = null!;

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        Action(InputObject?.BaseObject);
        WriteObject(InputObject);
    }
}
