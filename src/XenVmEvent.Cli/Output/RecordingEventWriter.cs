using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.Cli;

/// <summary>Records events. The recording itself brings them to the disk.</summary>
internal sealed class RecordingEventWriter(RecordingWriter recording) : IEventWriter
{
    public void Write(VmEvent vmEvent) => recording.Write(vmEvent);

    public void Flush()
    {
    }
}
