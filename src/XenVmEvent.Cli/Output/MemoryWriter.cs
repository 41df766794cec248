namespace XenVmEvent.Cli;

/// <summary>Writes memory in blocks, because a system call for each line would take minutes for some MiB.</summary>
internal static class MemoryWriter
{
    private const int LineBytes = 16;
    private const int BlockBytes = 1 << 16;

    /// <param name="output">The stream to write to. It stays open.</param>
    /// <param name="address">The address of the first byte.</param>
    /// <param name="bytes">The memory.</param>
    /// <param name="format">The format.</param>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write(Stream output, ulong address, ReadOnlySpan<byte> bytes, MemoryFormat format)
    {
        if (format == MemoryFormat.Raw)
        {
            output.Write(bytes);
            output.Flush();
            return;
        }

        using StreamWriter text = new(output, bufferSize: BlockBytes, leaveOpen: true);
        for (int i = 0; i < bytes.Length; i += LineBytes)
            text.WriteLine(Line(unchecked(address + (ulong)i), bytes.Slice(i, Math.Min(LineBytes, bytes.Length - i))));
    }

    private static string Line(ulong address, ReadOnlySpan<byte> bytes)
    {
        string hex = string.Create(LineBytes * 3, bytes, static (text, bytes) =>
        {
            text.Fill(' ');
            for (int i = 0; i < bytes.Length; i++) bytes[i].TryFormat(text[(i * 3)..], out _, "x2");
        });
        string ascii = string.Create(bytes.Length, bytes, static (text, bytes) =>
        {
            for (int i = 0; i < bytes.Length; i++) text[i] = bytes[i] is >= 0x20 and < 0x7f ? (char)bytes[i] : '.';
        });
        return $"{address:x16}  {hex} {ascii}";
    }
}

/// <summary>The format in which memory is written.</summary>
internal enum MemoryFormat
{
    /// <summary>16 bytes a line: the address, the bytes in hexadecimal and the bytes as ASCII.</summary>
    Text,

    /// <summary>The bytes themselves.</summary>
    Raw,
}
