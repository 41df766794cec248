using System.Globalization;

namespace System.Management.Automation;

/// <summary>Of numbers; the range is converted to the argument's type.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateRangeAttribute(object minRange, object maxRange) : ValidateArgumentsAttribute
{
    public object MinRange { get; } = minRange;

    public object MaxRange { get; } = maxRange;

    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is not (int or long)) throw new NotSupportedException($"The stand-in does not validate the range of a {arguments?.GetType()}.");
        long value = Convert.ToInt64(arguments, CultureInfo.InvariantCulture);
        if (value < Convert.ToInt64(MinRange, CultureInfo.InvariantCulture)) throw new ValidationMetadataException($"The {value} argument is less than the minimum allowed range of {MinRange}.");
        if (value > Convert.ToInt64(MaxRange, CultureInfo.InvariantCulture)) throw new ValidationMetadataException($"The {value} argument is greater than the maximum allowed range of {MaxRange}.");
    }
}
