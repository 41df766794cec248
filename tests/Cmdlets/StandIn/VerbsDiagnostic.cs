namespace System.Management.Automation;

public static class VerbsDiagnostic
{
    public const string Measure = "Measure";
    public const string Test = "Test";
}
