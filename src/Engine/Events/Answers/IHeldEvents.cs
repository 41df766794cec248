namespace XenVmEvent.Events;

/// <summary>Who waits for the answers to held events.</summary>
internal interface IHeldEvents
{
    /// <summary>A held event has been answered. From any thread.</summary>
    void OnAnswered();

    /// <summary>What in the state of the session speaks against an answer. From any thread.</summary>
    XenException? FindObjection(VmEventResponse response);
}
