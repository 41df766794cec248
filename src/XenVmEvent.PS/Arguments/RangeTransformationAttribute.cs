using System.Collections;
using System.Management.Automation;
using System.Numerics;

namespace XenVmEvent.PS;

/// <summary>Takes for ranges of numbers: numbers, texts, ranges, and lists of these.</summary>
/// <typeparam name="T">What a range is.</typeparam>
[AttributeUsage(AttributeTargets.Property)]
public abstract class RangeTransformationAttribute<T> : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? value = Bare(inputData);

        // What is no number itself may have a property that is: PowerShell looks for it when it gets the object back.
        if (value is not (IConvertible or BigInteger or T or IEnumerable)) return inputData;
        try
        {
            return value is IEnumerable list and not string ? list.Cast<object?>().SelectMany(one => ToRanges(Bare(one))).ToArray() : ToRanges(value).ToArray();
        }
        catch (XenException e)
        {
            throw new ArgumentTransformationMetadataException($"{e.Message} {e.Remedy}", e);
        }
    }

    /// <summary>The ranges that a value means.</summary>
    /// <exception cref="XenException">It means none.</exception>
    private protected abstract IReadOnlyList<T> ToRanges(object? value);

    private static object? Bare(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
