namespace System.Management.Automation;

public enum CompletionResultType
{
    ParameterValue = 8,
}
