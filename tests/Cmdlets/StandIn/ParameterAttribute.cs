namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.Property, AllowMultiple = true)]
public sealed class ParameterAttribute : Attribute
{
    public const string AllParameterSets = "__AllParameterSets";

    public bool Mandatory { get; set; }

    public int Position { get; set; } = int.MinValue;

    public string ParameterSetName { get; set; } = AllParameterSets;

    public bool ValueFromPipeline { get; set; }

    public bool ValueFromPipelineByPropertyName { get; set; }
}
