using XenVmEvent.Events;

namespace XenVmEvent.Cli;

/// <summary>Prints events.</summary>
internal interface IEventWriter
{
    /// <summary>Appends an event's line.</summary>
    void Write(VmEvent vmEvent);

    /// <summary>Called when no more events will come.</summary>
    void Finish() => Flush();

    /// <summary>Writes out everything that was appended.</summary>
    void Flush();
}
