using XenVmEvent.Monitoring;

namespace XenVmEvent.Cli;

/// <summary>Tells people what happens. May be called from any thread.</summary>
internal static class StandardError
{
    /// <summary>Its descriptor.</summary>
    public const int Descriptor = 2;

    /// <summary>
    /// Writes a line. If it cannot be written, nothing else happens: no guest waits and no exit code changes because
    /// nobody reads it.
    /// </summary>
    public static void Say(string message) => Write($"xenvmevent: {message}");

    /// <inheritdoc cref="Say(string)"/>
    public static void Say(XenException e) => Say($"{e.Id}: {e.Message} {Remedies.Of(e)}");

    /// <summary>Says what happens to a guest that is followed.</summary>
    public static void Say(FollowNews news) => Say(news.Error is { } error ? $"{news} {Remedies.Of(error)}" : $"{news}");

    /// <summary>Writes a line without the program's name.</summary>
    public static void Write(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
        }
    }
}
