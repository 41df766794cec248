using XenVmEvent.Hypervisor;
using XenVmEvent.Policy;

namespace XenVmEvent.Agent;

/// <summary>What an agent does, at one moment.</summary>
public sealed record AgentStatus
{
    /// <summary>The version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>The host, for people.</summary>
    public required string Host { get; init; }

    /// <summary>The process's id.</summary>
    public required int ProcessId { get; init; }

    /// <summary>When the agent began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When it read the configuration that it follows.</summary>
    public required DateTimeOffset Configured { get; init; }

    /// <summary>Whether a later configuration was refused.</summary>
    public required bool IsReloadRefused { get; init; }

    /// <summary>The number of guards that were killed and restarted.</summary>
    public required long GuardRestarts { get; init; }

    /// <summary>The policies, in the order in which they decide.</summary>
    public required IReadOnlyList<PolicyInfo> Policies { get; init; }

    /// <summary>The guests that are attached, by domain id.</summary>
    public required IReadOnlyList<GuestStatus> Guests { get; init; }

    /// <summary>The outputs.</summary>
    public required IReadOnlyList<OutputStatus> Outputs { get; init; }

    /// <summary>Sums over all guests, since the agent began.</summary>
    public required AgentTotals Totals { get; init; }
}

/// <summary>A policy of an agent.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Path">Its file.</param>
/// <param name="Sha256">The SHA-256 of the file's bytes, in hexadecimal digits.</param>
/// <param name="Mode">Whether it answers.</param>
/// <param name="Domains">The names of the guests that it is for.</param>
public sealed record PolicyInfo(string Name, string Path, string Sha256, PolicyMode Mode, IReadOnlyList<string> Domains);

/// <summary>A guest to which the agent is attached.</summary>
public sealed record GuestStatus
{
    /// <summary>The domain.</summary>
    public required XenDomain Domain { get; init; }

    /// <summary>How events travel.</summary>
    public required ChannelKind Channel { get; init; }

    /// <summary>When the agent was attached.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The names of the policies that are kept on it; the first decides first.</summary>
    public required IReadOnlyList<string> Policies { get; init; }

    /// <summary>The number of events since then.</summary>
    public required long Events { get; init; }

    /// <summary>How many of them wait for an answer now.</summary>
    public required int HeldNow { get; init; }

    /// <summary>The number of events that policies reported and that were lost on the way to the agent.</summary>
    public required long Lost { get; init; }
}
