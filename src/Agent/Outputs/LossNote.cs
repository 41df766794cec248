using System.Buffers;
using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.Agent;

/// <summary>Makes notes of missing events.</summary>
internal static class LossNote
{
    /// <summary>A note as it goes out.</summary>
    public static OutgoingEvent Of(EventLoss loss)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using EventLineWriter writer = new(buffer);
        writer.Write(loss);
        return new OutgoingEvent(null, buffer.WrittenMemory[..^1], loss);
    }
}
