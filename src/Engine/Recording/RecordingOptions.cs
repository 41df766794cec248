namespace XenVmEvent.Recording;

/// <summary>What to do with a file that is there already.</summary>
public sealed record RecordingOptions
{
    /// <summary>Add to it; else it is overwritten.</summary>
    public bool Append { get; init; }

    /// <summary>Leave it as it is, and fail. Where it may be appended to, that is done.</summary>
    public bool NoClobber { get; init; }

    /// <summary>Write it even if it is marked as read-only; it is marked so again at the end.</summary>
    public bool Force { get; init; }
}
