namespace XenVmEvent.Agent;

/// <summary>
/// Sends events to a stream of Redis. Each is in the spool, on the disk, before it is sent, and stays there until Redis has
/// confirmed it. So it arrives once and in order, whatever happens to Redis, to the network or to this process.
/// </summary>
/// <param name="settings">Where to.</param>
/// <param name="agent">What the agent says of itself.</param>
/// <param name="clock">The clock of the entries' ids; null: the system's.</param>
internal sealed class RedisSink(RedisOutputSettings settings, AgentIdentity agent, TimeProvider? clock = null) : IEventSink
{
    private volatile Sending? _sending;

    /// <inheritdoc/>
    public EventSinkState State => _sending is { } sending
        ? new EventSinkState(sending.Publisher.Delivered, sending.Spool.Waiting, sending.Spool.Bytes, sending.Publisher.Problem)
        : new EventSinkState(0);

    /// <inheritdoc/>
    public void Write(IReadOnlyList<OutgoingEvent> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        try
        {
            if (Begin().Spool.TryAppend(batch)) return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EventSinkException($"The spool '{settings.SpoolFolder}' cannot be used. {e.Message}", e);
        }

        throw new EventSinkException($"The spool '{settings.SpoolFolder}' is full: it has {settings.SpoolSize >> 20} MiB. {State.Problem}".TrimEnd());
    }

    /// <summary>Stops. What has not arrived stays in the spool for the next time.</summary>
    public void Dispose()
    {
        if (_sending is not { } sending) return;
        sending.Publisher.Dispose();
        sending.Spool.Dispose();
    }

    /// <summary>Opens the spool and begins to send what is in it. Nobody waits for Redis.</summary>
    private Sending Begin()
    {
        if (_sending is { } begun) return begun;
        Spool spool = new(settings.SpoolFolder, settings.SpoolSize, clock, agent);
        return _sending = new Sending(spool, new RedisPublisher(settings, spool));
    }

    private sealed record Sending(Spool Spool, RedisPublisher Publisher);
}
