using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

public abstract class ObjectEventRegistrationBase : PSCmdlet
{
    [Parameter(Position = 100)]
    public string SourceIdentifier { get; set; } = Guid.NewGuid().ToString();

    [Parameter]
    public int MaxTriggerCount { get; set; }

    protected abstract object GetSourceObject();

    protected abstract string GetSourceObjectEventName();

    protected override void EndProcessing()
    {
        object source = GetSourceObject();
        if (PSEventSubscriber.All.Exists(s => s.SourceIdentifier == SourceIdentifier))
        {
            WriteError(new ErrorRecord(new ArgumentException($"A subscriber with the source identifier '{SourceIdentifier}' already exists."), "SUBSCRIBER_EXISTS", ErrorCategory.InvalidArgument, source));
            return;
        }

        _ = new PSEventSubscriber(SourceIdentifier, source, GetSourceObjectEventName());
    }
}
