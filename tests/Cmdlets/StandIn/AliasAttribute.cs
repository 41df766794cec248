namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.Property)]
public sealed class AliasAttribute(params string[] aliasNames) : Attribute
{
    public IList<string> AliasNames { get; } = aliasNames;
}
