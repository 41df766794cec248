namespace System.Management.Automation;

public sealed class ErrorRecord(Exception exception, string errorId, ErrorCategory errorCategory, object? targetObject)
{
    private string? _source;

    public Exception Exception { get; } = exception;

    public ErrorCategoryInfo CategoryInfo { get; } = new(errorCategory);

    public object? TargetObject { get; } = targetObject;

    public ErrorDetails? ErrorDetails { get; set; }

    public string FullyQualifiedErrorId => _source is null ? errorId : $"{errorId},{_source}";

    public override string ToString() => ErrorDetails?.Message ?? Exception.Message;

    /// <summary>Notes the cmdlet that reported it.</summary>
    internal ErrorRecord From(Type cmdlet)
    {
        _source = cmdlet.FullName;
        return this;
    }
}
