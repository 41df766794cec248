namespace System.Management.Automation;

public static class VerbsCommon
{
    public const string Get = "Get";
    public const string New = "New";
    public const string Remove = "Remove";
    public const string Reset = "Reset";
    public const string Set = "Set";
    public const string Switch = "Switch";
    public const string Watch = "Watch";
}
