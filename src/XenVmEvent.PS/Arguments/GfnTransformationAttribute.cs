using System.Globalization;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Accepts as guest frame numbers: numbers, texts as in 0x400-0x43f, ranges, and lists of these.</summary>
public sealed class GfnTransformationAttribute : RangeTransformationAttribute<GfnRange>
{
    private protected override IReadOnlyList<GfnRange> ToRanges(object? value) =>
        value is GfnRange range ? [range] : GfnRange.ParseList(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
}
