using System.Globalization;

namespace XenVmEvent.Agent;

/// <summary>Sizes in bytes as people write them: <c>64MiB</c>, <c>1.5GiB</c>, <c>4096</c>.</summary>
internal static class SizeText
{
    private static readonly (string Unit, double Bytes)[] Units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1L << 40)];

    public static bool TryParse(string text, out long bytes)
    {
        (string? unit, double factor) = Array.Find(Units, one => text.EndsWith(one.Unit, StringComparison.Ordinal));
        string number = unit is null ? text : text[..^unit.Length].TrimEnd();
        bool isNumber = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value);
        double all = value * (unit is null ? 1 : factor);
        bytes = isNumber && all < long.MaxValue ? (long)all : 0;
        return isNumber && all < long.MaxValue;
    }
}
