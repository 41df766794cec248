using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>A test on the native libraries; skipped, with the reason, where they cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NativeFactAttribute : FactAttribute
{
    public NativeFactAttribute() => Skip = NativeXen.MissingPart;
}
