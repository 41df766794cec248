using System.Globalization;
using System.Management.Automation;

namespace XenVmEvent.PS;

/// <summary>Accepts numbers as seconds; PowerShell itself would take them as ticks of 100 ns.</summary>
public sealed class DurationTransformationAttribute : ValueTransformationAttribute
{
    private protected override object? TransformOne(object? value) => value switch
    {
        string text => double.TryParse(text, CultureInfo.InvariantCulture, out double seconds) ? FromSeconds(seconds) : value,
        IConvertible number when number.GetTypeCode() is >= TypeCode.SByte and <= TypeCode.Decimal => FromSeconds(number.ToDouble(CultureInfo.InvariantCulture)),
        _ => value,
    };

    private static TimeSpan FromSeconds(double seconds) => double.Abs(seconds) < TimeSpan.MaxValue.TotalSeconds
        ? TimeSpan.FromSeconds(seconds)
        : throw new ArgumentTransformationMetadataException($"{seconds} seconds are too many.");
}

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
