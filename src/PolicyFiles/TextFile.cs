using System.Text;

namespace XenVmEvent.PolicyFiles;

/// <summary>Reads files of text that are not large.</summary>
internal static class TextFile
{
    /// <summary>Reads the file in one go, through one handle: it may be replaced meanwhile.</summary>
    /// <param name="path">The file.</param>
    /// <param name="largest">The largest file in bytes.</param>
    /// <param name="unreadable">The error for a reason, which is a whole sentence.</param>
    public static byte[] Read(string path, int largest, Func<string, Exception> unreadable)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] bytes = new byte[largest + 1];
            int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length <= largest) return bytes[..length];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw unreadable(e.Message);
        }

        throw unreadable($"It is larger than {largest / 1024} KiB.");
    }

    /// <summary>The text in UTF-8, without the mark at its beginning.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="unreadable">The error for a reason, which is a whole sentence.</param>
    public static string Decode(byte[] bytes, Func<string, Exception> unreadable)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw unreadable("It is not text in UTF-8.");
        }
    }
}
