namespace XenVmEvent.Monitoring;

/// <summary>What a follower knows of a domain that it follows.</summary>
internal sealed class FollowedDomain
{
    /// <summary>Its session; null while there is none.</summary>
    public MonitorSession? Session { get; set; }

    /// <summary>It cannot be watched, or somebody has ended its session: it is not tried again.</summary>
    public bool IsLeftOut { get; set; }

    /// <summary>It is just being made, or has shut down: there may be news of it.</summary>
    public bool IsUnready { get; set; }

    /// <summary>When to try again.</summary>
    public RetryTime Retry { get; } = new();

    /// <summary>Whatever happened before, it is time to begin.</summary>
    public void TryAgain()
    {
        IsLeftOut = false;
        Retry.Reset();
    }

    /// <summary>Whether it is time to begin.</summary>
    public bool IsDue => Session is null && !IsLeftOut && Retry.Left <= TimeSpan.Zero;
}
