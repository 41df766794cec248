using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Numerics;

namespace XenVmEvent.PS;

/// <summary>Takes 0xc0000082 for the bits it is, where PowerShell reads a negative number.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BitPatternTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value is IEnumerable list and not string ? list.Cast<object>().Select(ToBits).ToArray() : ToBits(value);
    }

    private static object ToBits(object value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        int number => unchecked((uint)number),
        long number => unchecked((ulong)number),
        _ => value,
    };
}

/// <summary>The bits that a number of PowerShell's was written as: 0xc0000082 and 0xffffffff81a00000 are negative numbers to it.</summary>
internal static class BitPattern
{
    /// <returns>Null: it is no whole number of 64 bits.</returns>
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
