using System.Reflection;

namespace XenVmEvent.Agent;

/// <summary>What an agent tells of itself to those who read its events. Safe for use from several threads.</summary>
public sealed class AgentIdentity
{
    private volatile string? _policyHash;

    /// <summary>The version of the program.</summary>
    public string Version { get; } =
        typeof(AgentIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>The hash of the policies that it keeps now, see <see cref="AgentConfiguration.PolicyHash"/>.</summary>
    public string? PolicyHash
    {
        get => _policyHash;
        internal set => _policyHash = value;
    }
}
