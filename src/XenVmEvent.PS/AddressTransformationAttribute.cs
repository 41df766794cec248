using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Numerics;
using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>
/// Takes for addresses: numbers, texts as in 0x401000-0x401fff, ranges, and lists of these. 0xffffffff81a00000 is the address
/// it is, where PowerShell reads a negative number.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AddressTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = Bare(inputData);
        return value is IEnumerable list and not string ? list.Cast<object?>().SelectMany(ToRanges).ToArray() : ToRanges(value).ToArray();
    }

    private static object? Bare(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static IReadOnlyList<AddressRange> ToRanges(object? given) => Bare(given) switch
    {
        AddressRange range => [range],
        string text => Parse(text),
        int number => [new AddressRange(unchecked((uint)number))],
        long number => [new AddressRange(unchecked((ulong)number))],
        ulong number => [new AddressRange(number)],
        byte or ushort or uint => [new AddressRange(Convert.ToUInt64(Bare(given), CultureInfo.InvariantCulture))],
        BigInteger number when number >= 0 && number <= ulong.MaxValue => [new AddressRange((ulong)number)],
        decimal number when number is >= 0 and <= ulong.MaxValue && number == decimal.Truncate(number) => [new AddressRange((ulong)number)],
        _ => throw new ArgumentTransformationMetadataException($"'{given}' is no address: that is a whole number of 64 bits, or a range as in 0x401000-0x401fff."),
    };

    private static IReadOnlyList<AddressRange> Parse(string text)
    {
        try
        {
            return AddressRange.ParseList(text);
        }
        catch (XenException e)
        {
            throw new ArgumentTransformationMetadataException($"{e.Message} {e.Remedy}", e);
        }
    }
}
