namespace System.Management.Automation;

public abstract class PSCmdlet : Cmdlet
{
    public InvocationInfo MyInvocation => Runtime.Invocation;

    public string ParameterSetName => Runtime.ParameterSetName;

    public SessionState SessionState { get; } = new();
}
