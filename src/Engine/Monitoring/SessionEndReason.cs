namespace XenVmEvent.Monitoring;

/// <summary>Why a session ended.</summary>
public enum SessionEndReason
{
    /// <summary>It was stopped.</summary>
    Stopped,

    /// <summary>The domain was destroyed.</summary>
    DomainDied,

    /// <summary>Xen refused something, or the channel was corrupt.</summary>
    Failed,
}
