using System.Net.Sockets;
using XenVmEvent.Hypervisor.Xen;

namespace XenVmEvent.Agent;

/// <summary>Opens unix sockets that only root, or a group, can connect to.</summary>
internal static class UnixListener
{
    private const int Backlog = 8;

    /// <summary>Listens at a name. A socket that a killed agent has left there is replaced.</summary>
    /// <param name="path">The name.</param>
    /// <param name="group">The group that may connect too; null for none.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidConfiguration"/>: another program listens there, there is something else, there is no
    /// such group, or the folder cannot be written.
    /// </exception>
    public static Socket Open(string path, string? group)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            uint? id = group is null ? null : UnixGroup.Find(group);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            RemoveLeftBehind(path);
            socket.Bind(new UnixDomainSocketEndPoint(path));
            try
            {
                // Nobody can connect before it listens.
                UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                if (id is { } its) Libc.SetGroup(path, its);
                if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, id is null ? mode : mode | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
                socket.Listen(Backlog);
            }
            catch
            {
                File.Delete(path);
                throw;
            }

            return socket;
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            throw new XenException(XenErrorId.InvalidConfiguration, $"The socket '{path}' cannot be opened: {e.Message}", "Name another, or end what is there.", e);
        }
    }

    private static void RemoveLeftBehind(string path)
    {
        if (!Path.Exists(path)) return;
        if (new FileInfo(path) is not { Exists: true, Length: 0 }) throw new IOException("There is a file or a folder of this name."); // A socket has no length.
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw new IOException("Another program listens there.");
    }
}
