namespace System.Management.Automation;

[AttributeUsage(AttributeTargets.Property)]
public sealed class ValidateNotNullOrEmptyAttribute : ValidateArgumentsAttribute
{
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is null or "" or Array { Length: 0 }) throw new ValidationMetadataException("The argument is null or empty.");
        if (arguments is Array list && list.Cast<object?>().Any(e => e is null or "")) throw new ValidationMetadataException("The argument contains a value that is null or empty.");
    }
}
