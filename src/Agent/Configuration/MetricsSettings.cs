using System.Net;

namespace XenVmEvent.Agent;

/// <summary>Where metrics are to be had.</summary>
public sealed record MetricsSettings
{
    /// <summary>A loopback address and port; null for none.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>A unix socket; null for none.</summary>
    public string? Socket { get; init; }

    /// <summary>A file that is written again and again; null for none.</summary>
    public string? TextFile { get; init; }

    /// <summary>How often the file is written.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The number of domains' names that are told apart; the events of others are counted together.</summary>
    public int Domains { get; init; } = 200;
}

/// <summary>Where the agent's status is to be had.</summary>
public sealed record StatusSettings
{
    /// <summary>The unix socket.</summary>
    public string Socket { get; init; } = "/run/xenvmevent/agent.sock";

    /// <summary>The group that may ask, besides root; null for none. It may read metrics from a unix socket, too.</summary>
    public string? Group { get; init; }
}
