namespace XenVmEvent.Agent;

/// <summary>
/// Sends events to a stream of Redis that is this host's own. Each is in the spool, on the disk, before it is sent, and
/// stays there until Redis has confirmed it. So it arrives once and in order, whatever happens to Redis, to the network or to
/// this process.
/// </summary>
public sealed class RedisSink : IEventSink
{
    private readonly Spool _spool;
    private readonly RedisPublisher _publisher;
    private readonly RedisSinkOptions _options;

    /// <summary>Opens the spool and begins to send what is in it. It does not wait for Redis.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidArgument"/>: the options are wrong.</exception>
    /// <exception cref="EventSinkException">The spool cannot be opened.</exception>
    public RedisSink(RedisSinkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        if (!HostStream.IsName(options.HostName))
            throw new XenException(XenErrorId.InvalidArgument, $"'{options.HostName}' cannot be the name of a host.", "Use letters, digits, '.', '-' and '_'.");
        if (options.SpoolLimit < 1 << 20)
            throw new XenException(XenErrorId.InvalidArgument, "The spool is too small.", "Give it 1 MiB or more.");
        options.Redis.ToOptions();
        try
        {
            _spool = new Spool(options.SpoolFolder, options.SpoolLimit);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EventSinkException(e.Message, e);
        }

        _publisher = new RedisPublisher(options, _spool);
    }

    /// <inheritdoc/>
    public EventSinkState State => new(_publisher.Delivered, _spool.Waiting, _spool.Bytes, _publisher.Problem);

    /// <inheritdoc/>
    public void Write(IReadOnlyList<OutgoingEvent> batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        try
        {
            if (_spool.TryAppend(batch)) return;
        }
        catch (IOException e)
        {
            throw new EventSinkException($"The spool '{_options.SpoolFolder}' cannot be written: {e.Message}", e);
        }

        throw new EventSinkException($"The spool '{_options.SpoolFolder}' is full: it has {_options.SpoolLimit >> 20} MiB. {_publisher.Problem}".TrimEnd());
    }

    /// <summary>Stops. What has not arrived stays in the spool for the next time.</summary>
    public void Dispose()
    {
        _publisher.Dispose();
        _spool.Dispose();
    }
}
