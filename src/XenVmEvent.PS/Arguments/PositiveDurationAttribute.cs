using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>Refuses durations of zero or less, and those over a limit.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PositiveDurationAttribute : ValidateArgumentsAttribute
{
    /// <summary>The longest duration allowed, in minutes; 0 for no limit.</summary>
    public int MostMinutes { get; set; }

    /// <inheritdoc/>
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is not TimeSpan duration || duration <= TimeSpan.Zero)
            throw new ValidationMetadataException($"'{arguments}' is not a duration of more than zero.");
        if (MostMinutes > 0 && duration > TimeSpan.FromMinutes(MostMinutes))
            throw new ValidationMetadataException($"'{arguments}' is longer than {MostMinutes} minutes.");
    }
}
