namespace XenVmEvent.Events;

/// <summary>Why events were lost.</summary>
public enum LossReason
{
    /// <summary>A consumer's buffer was full until the events' deadline.</summary>
    Dropped,

    /// <summary>Xen overwrote asynchronous events before they were read (slotted channel only).</summary>
    Overwritten,

    /// <summary>Those that waited on the disk for somebody to take them could not be written there, or read back.</summary>
    DiskFailed,
}
