namespace System.Management.Automation;

public sealed class InvocationInfo
{
    public string Line { get; init; } = "";

    public Dictionary<string, object?> BoundParameters { get; } = new(StringComparer.OrdinalIgnoreCase);
}
