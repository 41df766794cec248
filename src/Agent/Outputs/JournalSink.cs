using System.Net.Sockets;

namespace XenVmEvent.Agent;

/// <summary>Sends each event to systemd's journal, as a datagram.</summary>
/// <param name="settings">Where to.</param>
internal sealed class JournalSink(JournalOutputSettings settings) : IEventSink
{
    /// <summary>How long a journal that takes nothing may keep this output's thread.</summary>
    private const int LongestSendMilliseconds = 1000;

    private Socket? _socket;
    private int _sent;
    private long _delivered;
    private string? _problem;

    /// <inheritdoc/>
    public EventSinkState State => new(Volatile.Read(ref _delivered), Problem: Volatile.Read(ref _problem));

    /// <inheritdoc/>
    public void Write(IReadOnlyList<OutgoingEvent> batch)
    {
        try
        {
            _socket ??= Connect();

            // If it fails in the middle, the same batch comes again, and goes on where it was.
            for (; _sent < batch.Count; _sent++)
            {
                _socket.Send(JournalEntry.Of(batch[_sent]).Span);
                if (batch[_sent].Event is not null) Volatile.Write(ref _delivered, _delivered + 1);
            }
        }
        catch (SocketException e)
        {
            string why = File.Exists(settings.Socket) ? e.Message : "there is no such socket.";
            Volatile.Write(ref _problem, why);
            Close();
            throw new EventSinkException($"The journal at '{settings.Socket}' takes nothing: {why}", e);
        }

        _sent = 0;
        Volatile.Write(ref _problem, null);
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private Socket Connect()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = LongestSendMilliseconds };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(settings.Socket));
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return socket;
    }

    private void Close()
    {
        _socket?.Dispose();
        _socket = null;
    }
}
