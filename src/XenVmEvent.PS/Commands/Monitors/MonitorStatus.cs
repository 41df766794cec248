using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>A snapshot of a session, for Get-XenMonitor.</summary>
public sealed class MonitorStatus
{
    internal MonitorStatus(MonitorSession session)
    {
        XenDomain = session.Domain;
        Channel = session.Channel;
        StartTime = session.StartTime;
        ResponseTimeout = session.Options.ResponseTimeout;
        Statistics = session.GetStatistics();
        State = session.End?.ToString() ?? "Running";
    }

    /// <summary>The domain's name.</summary>
    public string Domain => XenDomain.Name;

    /// <summary>The domain's id.</summary>
    public uint DomainId => XenDomain.Id;

    /// <summary>The domain.</summary>
    public XenDomain XenDomain { get; }

    /// <summary>Running, or how it ended.</summary>
    public string State { get; }

    /// <summary>How its events travel.</summary>
    public ChannelKind Channel { get; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartTime { get; }

    /// <summary>How long an event may wait for its answer.</summary>
    public TimeSpan ResponseTimeout { get; }

    /// <summary>How many events it has read.</summary>
    public long Events => Statistics.Events;

    /// <summary>
    /// How many events were lost: full buffers had no room for them, or Xen overwrote them before they were read.
    /// </summary>
    public long Dropped => Statistics.Lost;

    /// <summary>All its counters.</summary>
    public MonitorStatistics Statistics { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{XenDomain}: {State}";
}
