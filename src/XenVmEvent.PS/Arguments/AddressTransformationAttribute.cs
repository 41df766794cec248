using System.Management.Automation;
using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>
/// Accepts as addresses: numbers, texts as in 0x401000-0x401fff, ranges, and lists of these. 0xffffffff81a00000 means
/// that address, although PowerShell reads it as a negative number.
/// </summary>
public sealed class AddressTransformationAttribute : RangeTransformationAttribute<AddressRange>
{
    private protected override IReadOnlyList<AddressRange> ToRanges(object? value) => value switch
    {
        AddressRange range => [range],
        string text => AddressRange.ParseList(text),
        _ when BitPattern.Of(value) is { } bits => [new AddressRange(bits)],
        _ => throw new ArgumentTransformationMetadataException($"'{value}' is not an address: give a whole number of 64 bits, or a range as in 0x401000-0x401fff."),
    };
}
