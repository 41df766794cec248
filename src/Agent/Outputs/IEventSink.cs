using XenVmEvent.Events;

namespace XenVmEvent.Agent;

/// <summary>
/// Where the agent's events go: a file, the journal, a stream. One thread calls it, which belongs to this output alone.
/// So a sink may take its time: nobody waits but its own queue, which is bounded.
/// </summary>
public interface IEventSink : IDisposable
{
    /// <summary>
    /// Takes a batch, in order. What it has taken is not offered again. The first batch is empty, so that a problem shows
    /// before there are events.
    /// </summary>
    /// <exception cref="EventSinkException">It took none of them. The same batch is offered again later.</exception>
    void Write(IReadOnlyList<OutgoingEvent> batch);

    /// <summary>What has become of the events that it took.</summary>
    EventSinkState State { get; }
}

/// <summary>An event on its way out, or a note of what is missing.</summary>
/// <param name="Event">The event; null for a note.</param>
/// <param name="Line">Its line of a recording, in UTF-8, without the end of the line.</param>
/// <param name="Loss">For a note: what is missing. Null for an event.</param>
public sealed record OutgoingEvent(VmEvent? Event, ReadOnlyMemory<byte> Line, EventLoss? Loss = null);

/// <summary>The state of a sink.</summary>
/// <param name="Delivered">The number of events that have arrived for good.</param>
/// <param name="Waiting">The number of events that it took and that have not arrived yet.</param>
/// <param name="SpoolBytes">The size of its spool in bytes; 0 without one.</param>
/// <param name="Problem">Why nothing arrives at present; null if it works.</param>
public sealed record EventSinkState(long Delivered, long Waiting = 0, long SpoolBytes = 0, string? Problem = null);

/// <summary>An output failed. It is tried again.</summary>
public sealed class EventSinkException(string message, Exception? inner = null) : Exception(message, inner);
