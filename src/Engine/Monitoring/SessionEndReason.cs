namespace XenVmEvent.Monitoring;

/// <summary>Why a session ended.</summary>
public enum SessionEndReason
{
    /// <summary>It was stopped.</summary>
    Stopped,

    /// <summary>The domain shut down, for whatever reason, or was destroyed: <see cref="SessionEnd.DomainState"/> tells.</summary>
    DomainEnded,

    /// <summary>Xen refused something, or the channel was corrupt.</summary>
    Failed,
}
