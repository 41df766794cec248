namespace System.Management.Automation;

public static class VerbsLifecycle
{
    public const string Disable = "Disable";
    public const string Enable = "Enable";
    public const string Register = "Register";
}
