using System.Globalization;
using System.Numerics;

namespace XenVmEvent.PS;

/// <summary>Accepts 0xc0000082 as a bit pattern, although PowerShell reads it as a negative number.</summary>
public sealed class BitPatternTransformationAttribute : ValueTransformationAttribute
{
    private protected override object? TransformOne(object? value) => value is int or long ? BitPattern.Of(value) : value;
}

/// <summary>
/// The bit pattern of a PowerShell number: 0xc0000082 and 0xffffffff81a00000 are negative numbers to PowerShell.
/// </summary>
internal static class BitPattern
{
    /// <returns>Null: it is not a whole number of 64 bits.</returns>
    public static ulong? Of(object? value) => value switch
    {
        int number => unchecked((uint)number),
        long number => unchecked((ulong)number),
        ulong number => number,
        byte or ushort or uint => Convert.ToUInt64(value, CultureInfo.InvariantCulture),
        BigInteger number when number >= 0 && number <= ulong.MaxValue => (ulong)number,
        decimal number when number is >= 0 and <= ulong.MaxValue && number == decimal.Truncate(number) => (ulong)number,
        _ => null,
    };
}
