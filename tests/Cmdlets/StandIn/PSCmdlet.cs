namespace System.Management.Automation;

public abstract class PSCmdlet : Cmdlet
{
    public InvocationInfo MyInvocation => Runtime.Invocation;

    public JobRepository JobRepository { get; } = new();

    public string ParameterSetName => Runtime.ParameterSetName;

    public SessionState SessionState { get; } = new();

    /// <summary>There are no drives here: a path is the system's own.</summary>
    public string GetUnresolvedProviderPathFromPSPath(string path) => IO.Path.GetFullPath(path);
}
