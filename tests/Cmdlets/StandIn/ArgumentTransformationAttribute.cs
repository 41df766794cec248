namespace System.Management.Automation;

public abstract class ArgumentTransformationAttribute : Attribute
{
    public abstract object Transform(EngineIntrinsics engineIntrinsics, object inputData);
}
