namespace XenVmEvent.Agent;

/// <summary>Files of whole lines.</summary>
internal static class WholeLines
{
    /// <summary>Cuts off what a killed writer has left of a last line.</summary>
    /// <returns>The length then, in bytes.</returns>
    public static long CutTornEnd(FileStream file)
    {
        long length = file.Length;
        byte[] block = new byte[4096];
        long end = length;
        while (end > 0)
        {
            long start = Math.Max(0, end - block.Length);
            file.Position = start;
            int count = file.ReadAtLeast(block.AsSpan(0, (int)(end - start)), (int)(end - start), throwOnEndOfStream: false);
            int last = block.AsSpan(0, count).LastIndexOf((byte)'\n');
            if (last >= 0)
            {
                end = start + last + 1;
                break;
            }

            end = start;
        }

        if (end < length) file.SetLength(end);
        return end;
    }
}
