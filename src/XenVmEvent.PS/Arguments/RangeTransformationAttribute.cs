using System.Collections;
using System.Management.Automation;
using System.Numerics;

namespace XenVmEvent.PS;

/// <summary>Accepts as ranges of numbers: numbers, texts, ranges, and lists of these.</summary>
/// <typeparam name="T">What a range is.</typeparam>
public abstract class RangeTransformationAttribute<T> : ValueTransformationAttribute
{
    /// <inheritdoc/>
    public sealed override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        // An object that is not a number itself may have a property that is: PowerShell looks for it when it gets the
        // object back.
        if (Bare(inputData) is not (IConvertible or BigInteger or T or IEnumerable)) return inputData;
        try
        {
            object? result = base.Transform(engineIntrinsics, inputData);
            if (result is T[]) return result;
            return ((object?[])result!).Cast<T[]>().SelectMany(ranges => ranges).ToArray();
        }
        catch (XenException e)
        {
            throw new ArgumentTransformationMetadataException($"{e.Message} {Remedies.Of(e)}", e);
        }
    }

    private protected sealed override object? TransformOne(object? value) => ToRanges(value).ToArray();

    /// <summary>The ranges that a value means.</summary>
    /// <exception cref="XenException">It means no range.</exception>
    private protected abstract IReadOnlyList<T> ToRanges(object? value);
}
