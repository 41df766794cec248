using XenVmEvent.Events;

namespace XenVmEvent.Cli;

/// <summary>Prints events.</summary>
internal interface IEventWriter
{
    /// <summary>Appends an event's line.</summary>
    void Write(VmEvent vmEvent);

    /// <summary>No event comes any more.</summary>
    void Finish() => Flush();

    /// <summary>Sends everything appended on its way.</summary>
    void Flush();
}
