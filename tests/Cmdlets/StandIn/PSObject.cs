namespace System.Management.Automation;

/// <summary>An object as PowerShell may hand it over: wrapped. The stand-in adds no members to it.</summary>
public sealed class PSObject(object obj)
{
    public object BaseObject { get; } = obj;

    public Dictionary<string, PSPropertyInfo?> Properties { get; } = new() { ["Domain"] = null, ["Name"] = null };

    public static PSObject AsPSObject(object obj) => obj as PSObject ?? new PSObject(obj);

    public override string? ToString() => BaseObject.ToString();
}
