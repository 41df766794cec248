using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>Refuses durations of zero or less.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PositiveDurationAttribute : ValidateArgumentsAttribute
{
    /// <inheritdoc/>
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is TimeSpan duration && duration > TimeSpan.Zero) return;
        throw new ValidationMetadataException($"'{arguments}' is not a duration of more than zero.");
    }
}
