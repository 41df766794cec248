namespace XenVmEvent.Soak;

/// <summary>How a consumer treats its events.</summary>
internal enum ConsumerManner
{
    /// <summary>Takes and answers each.</summary>
    Answering,

    /// <summary>Takes each, and answers none that is held.</summary>
    Forgetting,

    /// <summary>Takes one now and then.</summary>
    Slow,

    /// <summary>Takes none.</summary>
    Asleep,
}
