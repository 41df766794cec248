using Xunit;

namespace XenVmEvent.NativeXen.Tests;

/// <summary>
/// Tests on the native libraries. They are skipped, with the reason, if the libraries are not available.
/// </summary>
[Trait("Speed", "Slow")]
public abstract class NativeXenTest
{
    protected NativeXenTest() => Assert.SkipUnless(NativeXen.MissingPart is null, NativeXen.MissingPart ?? "");

    /// <summary>For tests of what is noted for whoever comes after a kill.</summary>
    protected static void SkipUnlessRoot() =>
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "What a process holds is noted in /run/xenvmevent, which only root can write.");
}
