namespace System.Management.Automation;

public sealed class CompletionResult(string completionText, string listItemText, CompletionResultType resultType, string toolTip)
{
    public string CompletionText { get; } = completionText;

    public string ListItemText { get; } = listItemText;

    public CompletionResultType ResultType { get; } = resultType;

    public string ToolTip { get; } = toolTip;
}
