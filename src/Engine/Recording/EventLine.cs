using System.Buffers;
using System.Text;
using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>
/// An event as a recording's line, for moving events other than by a file. It does not cover losses. For any thread.
/// </summary>
public static class EventLine
{
    private static readonly Lock Gate = new();
    private static EventLineReader _reader = new();

    /// <summary>The event's line, without its line end.</summary>
    public static string Of(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        ArrayBufferWriter<byte> line = new();
        using EventLineWriter writer = new(line);
        writer.Write(vmEvent);
        return Encoding.UTF8.GetString(line.WrittenSpan[..^1]);
    }

    /// <summary>Makes the event from its line again; nobody waits for an answer to it any more.</summary>
    /// <exception cref="FormatException">It is not an event's line; the message says why.</exception>
    public static VmEvent Parse(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        lock (Gate)
        {
            if (_reader.Read(Encoding.UTF8.GetBytes(line)) is { } vmEvent) return vmEvent;

            // It has recorded the loss, which does not belong to events that others make from their lines.
            _reader = new EventLineReader();
        }

        throw new FormatException("it marks missing events and is not an event itself");
    }
}
