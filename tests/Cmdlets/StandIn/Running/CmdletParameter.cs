using System.Management.Automation;
using System.Reflection;

namespace XenVmEvent.Cmdlets.Tests.StandIn;

/// <summary>A parameter of a cmdlet, as its attributes describe it.</summary>
internal sealed class CmdletParameter(PropertyInfo property)
{
    private readonly ParameterAttribute[] _attributes = [.. property.GetCustomAttributes<ParameterAttribute>()];

    public string Name => property.Name;

    public Type Type => property.PropertyType;

    /// <summary>The name and the aliases, in the order in which an input object's properties are tried.</summary>
    public IReadOnlyList<string> Names { get; } = [property.Name, .. property.GetCustomAttribute<AliasAttribute>()?.AliasNames ?? []];

    public IReadOnlyList<ArgumentTransformationAttribute> Transformations { get; } = [.. property.GetCustomAttributes<ArgumentTransformationAttribute>()];

    public IReadOnlyList<ValidateArgumentsAttribute> Validations { get; } = [.. property.GetCustomAttributes<ValidateArgumentsAttribute>()];

    /// <summary>The sets that it belongs to; none when it belongs to all.</summary>
    public IEnumerable<string> Sets => _attributes.Select(a => a.ParameterSetName).Where(s => s != ParameterAttribute.AllParameterSets);

    public bool IsCalled(string name) => Names.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>What it is in a set; null when it is not in it.</summary>
    public ParameterAttribute? In(string set) =>
        Array.Find(_attributes, a => a.ParameterSetName == set || a.ParameterSetName == ParameterAttribute.AllParameterSets);

    public object? Get(Cmdlet cmdlet) => property.GetValue(cmdlet);

    public void Set(Cmdlet cmdlet, object? value) => property.SetValue(cmdlet, value);
}
