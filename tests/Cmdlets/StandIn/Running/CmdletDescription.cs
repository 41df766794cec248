using System.Management.Automation;
using System.Reflection;

namespace XenVmEvent.Cmdlets.Tests.StandIn;

/// <summary>A cmdlet, as its attributes describe it.</summary>
internal sealed class CmdletDescription
{
    public CmdletDescription(Type type)
    {
        CmdletAttribute cmdlet = type.GetCustomAttribute<CmdletAttribute>() ?? throw new NotSupportedException($"{type} is no cmdlet.");
        Type = type;
        SupportsShouldProcess = cmdlet.SupportsShouldProcess;
        ConfirmImpact = cmdlet.ConfirmImpact;
        DefaultSet = cmdlet.DefaultParameterSetName;
        Parameters = [.. type.GetProperties().Where(p => p.IsDefined(typeof(ParameterAttribute))).Select(p => new CmdletParameter(p))];
        string[] named = [.. Parameters.SelectMany(p => p.Sets).Distinct()];
        Sets = named.Length > 0 ? named : [ParameterAttribute.AllParameterSets];
    }

    public Type Type { get; }

    public bool SupportsShouldProcess { get; }

    public ConfirmImpact ConfirmImpact { get; }

    public string? DefaultSet { get; }

    public IReadOnlyList<CmdletParameter> Parameters { get; }

    public IReadOnlyList<string> Sets { get; }

    /// <summary>The parameter of this name or alias.</summary>
    public CmdletParameter Find(string name)
    {
        CmdletParameter? found = Parameters.FirstOrDefault(p => p.IsCalled(name));
        if (found is not null) return found;
        if (Parameters.Any(p => p.Names.Any(n => n.StartsWith(name, StringComparison.OrdinalIgnoreCase))))
        {
            throw new NotSupportedException($"The stand-in does not complete the parameter name {name}.");
        }

        throw new ParameterBindingException("NamedParameterNotFound", $"A parameter cannot be found that matches parameter name '{name}'.");
    }
}
