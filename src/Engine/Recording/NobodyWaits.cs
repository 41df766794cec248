using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>Who waits for answers to recorded events.</summary>
internal sealed class NobodyWaits : IHeldEvents
{
    public static NobodyWaits Instance { get; } = new();

    public void OnAnswered()
    {
    }

    public XenException FindObjection(VmEventResponse response) => new(
        XenErrorId.AlreadyAnswered,
        "The event is a copy, from a recording, a file or another process: its guest went on long ago.",
        "Answer events of a Watch cmdlet; to try answers on recorded events, replay them.");
}
