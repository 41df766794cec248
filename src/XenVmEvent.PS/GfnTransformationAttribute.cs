using System.Collections;
using System.Globalization;
using System.Management.Automation;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Takes for guest frame numbers: numbers, texts as in 0x400-0x43f, ranges, and lists of these.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GfnTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;

        // What is no number itself may have a property that is: PowerShell looks for it when it gets the object back.
        if (value is not (IConvertible or GfnRange or IEnumerable)) return inputData;
        try
        {
            return value is IEnumerable list and not string
                ? list.Cast<object>().SelectMany(ToRanges).ToArray()
                : ToRanges(value).ToArray();
        }
        catch (XenException e)
        {
            throw new ArgumentTransformationMetadataException($"{e.Message} {e.Remedy}", e);
        }
    }

    private static IEnumerable<GfnRange> ToRanges(object value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        GfnRange range => [range],
        string text => GfnRange.ParseList(text),
        IConvertible number => GfnRange.ParseList(number.ToString(CultureInfo.InvariantCulture)),
        _ => GfnRange.ParseList($"{value}"),
    };
}
