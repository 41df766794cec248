using System.Management.Automation;
using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>
/// Accepts names of model-specific registers for their numbers, and 0xc0000082, a negative number to PowerShell, as
/// written.
/// </summary>
public sealed class MsrTransformationAttribute : ValueTransformationAttribute
{
    private protected override object? TransformOne(object? value) => value switch
    {
        string text => MsrNames.TryParse(text, out uint msr)
            ? msr
            : throw new ArgumentTransformationMetadataException($"'{text}' is neither the name nor the number of a model-specific register. Tab completes the names."),
        int number => unchecked((uint)number),
        _ => value,
    };
}
