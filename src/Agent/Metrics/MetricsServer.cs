using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace XenVmEvent.Agent;

/// <summary>Answers GET /metrics, in HTTP/1.1, on a loopback address or a unix socket. A request's head is bounded.</summary>
internal static class MetricsServer
{
    private const int LongestHead = 8192;
    private const int Backlog = 8;

    /// <summary>Serves a text on a loopback address.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidConfiguration"/>: it cannot be opened.</exception>
    public static LocalServer Listen(IPEndPoint address, Func<string> text)
    {
        Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(address);
            socket.Listen(Backlog);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new XenException(XenErrorId.InvalidConfiguration, $"Metrics cannot be served at {address}: {e.Message}", "Name another port.", e);
        }

        return new LocalServer(socket, client => Answer(client, text));
    }

    /// <summary>Serves a text on a unix socket.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidConfiguration"/>: it cannot be opened.</exception>
    public static LocalServer Listen(string path, string? group, Func<string> text) =>
        new(UnixListener.Open(path, group), client => Answer(client, text), () => File.Delete(path));

    private static void Answer(Socket client, Func<string> text)
    {
        string[] request = ReadHead(client).Split("\r\n")[0].Split(' ');
        (string status, string body) = request switch
        {
            ["GET", "/metrics", ..] => ("200 OK", text()),
            ["GET", _, ..] => ("404 Not Found", "There is only /metrics here.\n"),
            [_, _, ..] => ("405 Method Not Allowed", "Only GET is answered here.\n"),
            _ => ("400 Bad Request", "This is no request.\n"),
        };
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        Send(client, Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {bytes.Length}\r\nConnection: close\r\n\r\n")));
        Send(client, bytes);
        client.Shutdown(SocketShutdown.Both);
    }

    private static void Send(Socket client, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[client.Send(bytes)..];
    }

    private static string ReadHead(Socket client)
    {
        byte[] head = new byte[LongestHead];
        int length = 0;
        while (length < head.Length && head.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            int count = client.Receive(head.AsSpan(length));
            if (count == 0) break;
            length += count;
        }

        return Encoding.ASCII.GetString(head, 0, length);
    }
}
