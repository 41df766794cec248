namespace XenVmEvent.Cli;

/// <summary>Tells people what goes on. From any thread.</summary>
internal static class StandardError
{
    /// <summary>Its number.</summary>
    public const int Descriptor = 2;

    /// <summary>Writes a line. What cannot be said is left unsaid: no guest waits, and no exit code changes, because nobody listens.</summary>
    public static void Say(string message) => Write($"xenvmevent: {message}");

    /// <inheritdoc cref="Say(string)"/>
    public static void Say(XenException e) => Say($"{e.Id}: {e.Message} {Remedies.Of(e)}");

    /// <summary>The same, without the program's name.</summary>
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
