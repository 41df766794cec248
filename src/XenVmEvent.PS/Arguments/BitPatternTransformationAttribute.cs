using System.Collections;
using System.Management.Automation;

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
