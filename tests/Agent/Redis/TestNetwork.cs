using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>A network of two: this machine, and a namespace for a server. Its cable can be pulled.</summary>
internal sealed class TestNetwork : IDisposable
{
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"xve{Environment.ProcessId}");
    private readonly string _prefix = string.Create(CultureInfo.InvariantCulture, $"198.18.{Random.Shared.Next(256)}");

    /// <summary>The server's address.</summary>
    public string Address => $"{_prefix}.2";

    /// <summary>Runs a program in the namespace.</summary>
    public string[] Within => ["ip", "netns", "exec", _name];

    /// <summary>Makes it, or skips the test where that is not allowed.</summary>
    public static TestNetwork Make()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && File.Exists("/sbin/ip"), "Networks can be made by root alone, with iproute2.");
        TestNetwork network = new();
        Assert.SkipUnless(TryRun("netns", "add", network._name), "This machine does not let its root make a network.");
        try
        {
            Run("link", "add", network._name, "type", "veth", "peer", "name", "eth0", "netns", network._name);
            Run("address", "add", $"{network._prefix}.1/24", "dev", network._name);
            Run("link", "set", network._name, "up");
            Run("-n", network._name, "address", "add", $"{network.Address}/24", "dev", "eth0");
            network.Return();
        }
        catch
        {
            network.Dispose();
            throw;
        }

        return network;
    }

    /// <summary>From now on nothing comes through, and nobody is told.</summary>
    public void Lose() => Run("-n", _name, "link", "set", "eth0", "down");

    /// <summary>The network is there again.</summary>
    public void Return() => Run("-n", _name, "link", "set", "eth0", "up");

    public void Dispose() => Run("netns", "delete", _name);

    private static void Run(params string[] arguments) => Assert.True(TryRun(arguments), $"ip {string.Join(' ', arguments)} failed.");

    private static bool TryRun(params string[] arguments)
    {
        using Process ip = Process.Start("ip", arguments);
        ip.WaitForExit();
        return ip.ExitCode == 0;
    }
}
