using System.Security.Cryptography;
using System.Text;
using XenVmEvent.Hypervisor;
using XenVmEvent.Policy;

namespace XenVmEvent.Agent;

/// <summary>What an agent does: read from files that have no problems, see <see cref="AgentConfigurationFile"/>.</summary>
public sealed record AgentConfiguration
{
    /// <summary>The folder of the policies.</summary>
    public required string PolicyFolder { get; init; }

    /// <summary>The policies, in the order of their files' names. Of several for one guest, the first decides.</summary>
    public required IReadOnlyList<LoadedPolicy> Policies { get; init; }

    /// <summary>Where events go, each with a name of its own.</summary>
    public required IReadOnlyList<OutputSettings> Outputs { get; init; }

    /// <summary>How much may wait, and how long.</summary>
    public AgentLimits Limits { get; init; } = new();

    /// <summary>Where the agent's status is to be had.</summary>
    public StatusSettings Status { get; init; } = new();

    /// <summary>Where metrics are to be had.</summary>
    public MetricsSettings Metrics { get; init; } = new();

    /// <summary>How events travel.</summary>
    public ChannelPreference Channel { get; init; }

    /// <summary>
    /// The SHA-256, in hexadecimal digits, of the policies' own, each on a line, in the order of their files' names. Hosts
    /// with the same policies have the same.
    /// </summary>
    public string PolicyHash => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(Policies.Select(one => $"{one.Sha256}\n")))));

    /// <summary>The policies that are for a guest.</summary>
    public IReadOnlyList<LoadedPolicy> PoliciesFor(XenDomain domain) => [.. Policies.Where(one => one.Policy.AppliesTo(domain))];
}

/// <summary>A policy and where it was read.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Path">Its file.</param>
/// <param name="Sha256">The SHA-256 of the file's bytes, in hexadecimal digits.</param>
public sealed record LoadedPolicy(VmEventPolicy Policy, string Path, string Sha256);

/// <summary>Limits of an agent.</summary>
public sealed record AgentLimits
{
    /// <summary>How many events of one guest and policy may wait for the agent; what comes while it is full is lost.</summary>
    public int Buffer { get; init; } = 4096;

    /// <summary>How long a vCPU may wait for an answer; null: as its policies have it. The shortest time counts.</summary>
    public TimeSpan? HoldTime { get; init; }

    /// <summary>How long outputs may take, at the end, to deliver what still waits.</summary>
    public TimeSpan EndTime { get; init; } = TimeSpan.FromSeconds(5);
}
