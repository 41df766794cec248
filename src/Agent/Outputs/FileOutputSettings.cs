namespace XenVmEvent.Agent;

/// <summary>Events in files of JSON Lines, which are recordings. When a file is full or old enough, the next one begins.</summary>
public sealed record FileOutputSettings : OutputSettings
{
    /// <summary>The least that may be set for a file, in bytes.</summary>
    public const long SmallestFile = 1 << 20;

    /// <summary>The file that is written. Full ones lie beside it, with the time in their names.</summary>
    public required string Path { get; init; }

    /// <summary>The size at which the next file begins, in bytes.</summary>
    public long FileSize { get; init; } = 64 << 20;

    /// <summary>The age at which the next file begins, counted from its first event.</summary>
    public TimeSpan FileAge { get; init; } = TimeSpan.FromDays(1);

    /// <summary>The size of all files together, in bytes; the oldest are deleted.</summary>
    public long TotalSize { get; init; } = 1 << 30;

    /// <inheritdoc/>
    public override string Place => $"the file {Path}";

    /// <inheritdoc/>
    public override IEventSink CreateSink(AgentIdentity agent) => new FileSink(this, TimeProvider.System);
}
