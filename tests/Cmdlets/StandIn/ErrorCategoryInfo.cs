namespace System.Management.Automation;

public sealed class ErrorCategoryInfo(ErrorCategory category)
{
    public ErrorCategory Category { get; } = category;
}
