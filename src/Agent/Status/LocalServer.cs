using System.Net.Sockets;

namespace XenVmEvent.Agent;

/// <summary>
/// Answers connections to a socket of this machine, one after another, with bounded time for each. It never keeps anything
/// else waiting.
/// </summary>
internal sealed class LocalServer : IDisposable
{
    /// <summary>How long a client may keep others waiting.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly Socket _socket;
    private readonly Action<Socket> _answer;
    private readonly Action? _remove;
    private readonly Thread _thread;
    private volatile bool _isEnding;

    /// <param name="socket">It listens.</param>
    /// <param name="answer">Answers one connection; what it throws ends only this connection.</param>
    /// <param name="remove">Removes what the socket leaves behind; null for nothing.</param>
    public LocalServer(Socket socket, Action<Socket> answer, Action? remove = null)
    {
        _socket = socket;
        _answer = answer;
        _remove = remove;
        _thread = new Thread(Serve) { Name = "Local server", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Ends it. A connection that is being answered is finished.</summary>
    public void Dispose()
    {
        _isEnding = true;
        _socket.Dispose(); // Ends the waiting for a connection.
        _thread.Join();
        _remove?.Invoke();
    }

    private void Serve()
    {
        while (!_isEnding)
        {
            try
            {
                using Socket client = _socket.Accept();
                using Timer limit = new(_ => client.Dispose(), null, LongestWait, Timeout.InfiniteTimeSpan);
                _answer(client);
            }
            catch (Exception)
            {
                // The client has gone, or was too slow, or this is the end. Whatever it is, it is no reason to end the agent.
            }
        }
    }
}
