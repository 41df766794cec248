using System.Reflection;
using System.Runtime.Loader;
using StackExchange.Redis;
using XenVmEvent.Agent.Tests;
using XenVmEvent.PS;
using Xunit;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>The module's libraries and those of others.</summary>
public sealed class DependencyTests : CmdletTest
{
    /// <summary>This process has another version, as another module may bring it along; the other tests here send with it.</summary>
    [Fact]
    public void The_module_uses_its_own_version_of_a_library_whatever_others_use()
    {
        using HostStreams fleet = new();
        fleet.SendEvents("dom0-1", DateTimeOffset.UtcNow);
        Assert.Single(Pipeline.Of<ReceiveXenVmEventCommand>(fleet.Server.Address).Run().Output);
        Assembly[] loaded = [.. AppDomain.CurrentDomain.GetAssemblies().Where(one => one.GetName().Name == "StackExchange.Redis")];
        Assert.Equal(2, loaded.Length);
        Assembly others = Assert.Single(loaded, one => AssemblyLoadContext.GetLoadContext(one) == AssemblyLoadContext.Default);
        Assembly own = Assert.Single(loaded, one => AssemblyLoadContext.GetLoadContext(one)!.Name == "XenVmEvent");
        Assert.Equal(typeof(IDatabase).Assembly, others);
        Assert.NotEqual(VersionOf(others), VersionOf(own));
        Assert.Equal("lib", Path.GetFileName(Path.GetDirectoryName(own.Location)));
    }

    private static string? VersionOf(Assembly assembly) => assembly.GetCustomAttribute<AssemblyFileVersionAttribute>()?.Version;
}
