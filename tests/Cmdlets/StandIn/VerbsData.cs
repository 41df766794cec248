namespace System.Management.Automation;

public static class VerbsData
{
    public const string ConvertTo = "ConvertTo";
    public const string Export = "Export";
    public const string Import = "Import";
}
