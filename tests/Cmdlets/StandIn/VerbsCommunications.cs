namespace System.Management.Automation;

public static class VerbsCommunications
{
    public const string Connect = "Connect";
    public const string Read = "Read";
}
