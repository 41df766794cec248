using System.Globalization;

namespace XenVmEvent.Events;

/// <summary>
/// Unsigned 64-bit numbers as people write them: <c>0x400</c> in hexadecimal, <c>1024</c> in decimal.
/// </summary>
public static class NumberText
{
    /// <summary>Reads a number.</summary>
    /// <returns>False: the text is no number.</returns>
    public static bool TryParse(string text, out ulong number)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Reads a number or a range, such as <c>0x400-0x43f</c>.</summary>
    /// <returns>False: the text is neither, or the larger number comes first.</returns>
    internal static bool TryParseRange(string text, out ulong first, out ulong last)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] ends = text.Split('-', 2, StringSplitOptions.TrimEntries);
        last = 0;
        return TryParse(ends[0], out first) && TryParse(ends[^1], out last) && first <= last;
    }

    /// <summary>The text of a range.</summary>
    internal static string OfRange(ulong first, ulong last) => first == last ? $"0x{first:x}" : $"0x{first:x}-0x{last:x}";
}
