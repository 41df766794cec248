namespace System.Management.Automation;

public sealed class InvocationInfo
{
    public Dictionary<string, object?> BoundParameters { get; } = new(StringComparer.OrdinalIgnoreCase);
}
