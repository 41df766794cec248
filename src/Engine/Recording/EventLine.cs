using System.Buffers;
using System.Text;
using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>
/// One event as the line that a recording has of it, for who takes events elsewhere in another way than by a file. Of losses
/// it says nothing. For any thread.
/// </summary>
public static class EventLine
{
    private static readonly Lock Gate = new();
    private static EventLineReader _reader = new();

    /// <summary>The event's line, without its end.</summary>
    public static string Of(VmEvent vmEvent)
    {
        ArgumentNullException.ThrowIfNull(vmEvent);
        ArrayBufferWriter<byte> line = new();
        using EventLineWriter writer = new(line);
        writer.Write(vmEvent);
        return Encoding.UTF8.GetString(line.WrittenSpan[..^1]);
    }

    /// <summary>Makes the same event of its line, one that nobody waits for an answer to any more.</summary>
    /// <exception cref="FormatException">It is no event's line; says why.</exception>
    public static VmEvent Parse(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        lock (Gate)
        {
            if (_reader.Read(Encoding.UTF8.GetBytes(line)) is { } vmEvent) return vmEvent;

            // It has noted the loss, which is none of the events that others make of their lines.
            _reader = new EventLineReader();
        }

        throw new FormatException("it says where events are missing, and is none");
    }
}
