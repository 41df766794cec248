namespace System.Management.Automation;

public sealed class ProviderIntrinsics
{
    public ItemCmdletProviderIntrinsics Item { get; } = new();
}
