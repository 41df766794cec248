namespace System.Management.Automation;

public static class VerbsDiagnostic
{
    public const string Test = "Test";
}
