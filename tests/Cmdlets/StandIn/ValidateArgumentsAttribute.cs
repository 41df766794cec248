namespace System.Management.Automation;

public abstract class ValidateArgumentsAttribute : Attribute
{
    protected abstract void Validate(object arguments, EngineIntrinsics engineIntrinsics);

    internal void InternalValidate(object arguments, EngineIntrinsics engineIntrinsics) => Validate(arguments, engineIntrinsics);
}
