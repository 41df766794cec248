using System.Net.Sockets;
using System.Text.Json;

namespace XenVmEvent.Agent;

/// <summary>Asks an agent of this machine for its status.</summary>
public static class AgentClient
{
    private const int LargestStatus = 64 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Asks for the status as the agent writes it: one JSON object.</summary>
    /// <param name="socket">The agent's socket.</param>
    /// <param name="stop">Ends the wait for it.</param>
    /// <exception cref="XenException"><see cref="XenErrorId.AgentNotAvailable"/>: none answers.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static byte[] AskForJson(string socket, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(socket);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        end.CancelAfter(Patience);
        try
        {
            return AskAsync(socket, end.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw NoAnswer(socket, "it takes too long.", e);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw NoAnswer(socket, e.Message, e);
        }
    }

    /// <summary>Asks for the status.</summary>
    /// <inheritdoc cref="AskForJson"/>
    public static AgentStatus Ask(string socket, CancellationToken stop)
    {
        byte[] json = AskForJson(socket, stop);
        try
        {
            return StatusJson.Read(json);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new XenException(XenErrorId.AgentNotAvailable, $"What answers at '{socket}' is no agent of this version: {e.Message}", "Use the agent's own program.", e);
        }
    }

    private static async Task<byte[]> AskAsync(string socket, CancellationToken end)
    {
        using Socket agent = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await agent.ConnectAsync(new UnixDomainSocketEndPoint(socket), end).ConfigureAwait(false);
        using MemoryStream status = new();
        byte[] buffer = new byte[64 * 1024];
        while (status.Length < LargestStatus && await agent.ReceiveAsync(buffer, end).ConfigureAwait(false) is var count and > 0) status.Write(buffer, 0, count);
        return status.ToArray();
    }

    private static XenException NoAnswer(string socket, string why, Exception cause) => new(
        XenErrorId.AgentNotAvailable, $"No agent answers at '{socket}': {why}", "Start it, name its socket, or ask as root or as a member of its group.", cause);
}
