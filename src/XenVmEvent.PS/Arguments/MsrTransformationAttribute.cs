using System.Collections;
using System.Management.Automation;
using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>Takes names of model specific registers for their numbers, and 0xc0000082, a negative number to PowerShell, for what it says.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MsrTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value is IEnumerable list and not string ? list.Cast<object>().Select(ToNumber).ToArray() : ToNumber(value);
    }

    private static object ToNumber(object value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        string text => MsrNames.TryParse(text, out uint msr)
            ? msr
            : throw new ArgumentTransformationMetadataException($"'{text}' is neither the name nor the number of a model specific register. Tab completes the names."),
        int number => unchecked((uint)number),
        _ => value,
    };
}
