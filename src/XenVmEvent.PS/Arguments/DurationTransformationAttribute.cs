using System.Globalization;
using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>Takes numbers as seconds, where PowerShell by itself would take them as ticks of 100 ns.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DurationTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            string text => double.TryParse(text, CultureInfo.InvariantCulture, out double seconds) ? FromSeconds(seconds) : value,
            IConvertible number when number.GetTypeCode() is >= TypeCode.SByte and <= TypeCode.Decimal => FromSeconds(number.ToDouble(CultureInfo.InvariantCulture)),
            _ => value,
        };
    }

    private static TimeSpan FromSeconds(double seconds) => double.Abs(seconds) < TimeSpan.MaxValue.TotalSeconds
        ? TimeSpan.FromSeconds(seconds)
        : throw new ArgumentTransformationMetadataException($"{seconds} seconds are too many.");
}
