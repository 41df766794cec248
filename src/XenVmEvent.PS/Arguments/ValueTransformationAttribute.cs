using System.Collections;
using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>
/// Transforms an argument, or each member of a list, without the wrapper that PowerShell may have added.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public abstract class ValueTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        Bare(inputData) is IEnumerable list and not string ? list.Cast<object?>().Select(one => TransformOne(Bare(one))).ToArray() : TransformOne(Bare(inputData));

    /// <summary>The meaning of a value; the value itself if it has no other meaning.</summary>
    private protected abstract object? TransformOne(object? value);

    /// <summary>A value without its wrapper.</summary>
    internal static object? Bare(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
