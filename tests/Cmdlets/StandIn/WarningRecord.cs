namespace System.Management.Automation;

public sealed class WarningRecord(string message)
{
    public string Message { get; } = message;
}
