using System.Globalization;
using XenVmEvent.Hypervisor;
using XenVmEvent.Policy;

namespace XenVmEvent.Agent;

/// <summary>What an agent does, at one moment.</summary>
public sealed class AgentStatus
{
    internal AgentStatus()
    {
    }

    /// <summary>The version of the program.</summary>
    public string Version { get; internal init; } = "";

    /// <summary>The host, for people.</summary>
    public string Host { get; internal init; } = "";

    /// <summary>The process's id.</summary>
    public int ProcessId { get; internal init; }

    /// <summary>When the agent began.</summary>
    public DateTimeOffset Started { get; internal init; }

    /// <summary>When it read the configuration that it follows.</summary>
    public DateTimeOffset Configured { get; internal init; }

    /// <summary>Whether a later configuration was refused.</summary>
    public bool IsReloadRefused { get; internal init; }

    /// <summary>The number of guards that were killed and restarted.</summary>
    public long GuardRestarts { get; internal init; }

    /// <summary>
    /// The hash of the policies, see <see cref="AgentConfiguration.PolicyHash"/>; null from an agent that does not tell it.
    /// </summary>
    public string? PolicyHash { get; internal init; }

    /// <summary>The policies, in the order in which they decide.</summary>
    public IReadOnlyList<PolicyInfo> Policies { get; internal init; } = [];

    /// <summary>The guests that are attached, by domain id.</summary>
    public IReadOnlyList<GuestStatus> Guests { get; internal init; } = [];

    /// <summary>The outputs.</summary>
    public IReadOnlyList<OutputStatus> Outputs { get; internal init; } = [];

    /// <summary>Sums over all guests, since the agent began. They are for metrics, and not told on the status's socket.</summary>
    internal AgentTotals Totals { get; init; } = new(mostDomains: 0);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"agent {Version} on {Host}, process {ProcessId}");
}

/// <summary>A policy of an agent.</summary>
public sealed class PolicyInfo
{
    internal PolicyInfo()
    {
    }

    /// <summary>Its name.</summary>
    public string Name { get; internal init; } = "";

    /// <summary>Its file.</summary>
    public string Path { get; internal init; } = "";

    /// <summary>The SHA-256 of the file's bytes, in hexadecimal digits.</summary>
    public string Sha256 { get; internal init; } = "";

    /// <summary>Whether it answers.</summary>
    public PolicyMode Mode { get; internal init; }

    /// <summary>The names of the guests that it is for.</summary>
    public IReadOnlyList<string> Domains { get; internal init; } = [];

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A guest to which the agent is attached: its session.</summary>
public sealed class GuestStatus
{
    internal GuestStatus()
    {
    }

    /// <summary>The domain's name.</summary>
    public string Domain { get; internal init; } = "";

    /// <summary>The domain's id.</summary>
    public uint DomainId { get; internal init; }

    /// <summary>The domain's uuid.</summary>
    public Guid Uuid { get; internal init; }

    /// <summary>How events travel.</summary>
    public ChannelKind Channel { get; internal init; }

    /// <summary>When the agent was attached.</summary>
    public DateTimeOffset Since { get; internal init; }

    /// <summary>The names of the policies that are kept on it; the first decides first.</summary>
    public IReadOnlyList<string> Policies { get; internal init; } = [];

    /// <summary>The number of events since then.</summary>
    public long Events { get; internal init; }

    /// <summary>How many of them wait for an answer now.</summary>
    public int HeldNow { get; internal init; }

    /// <summary>The number of events that policies reported and that were lost on the way to the agent.</summary>
    public long Lost { get; internal init; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Domain} (id {DomainId})");
}
