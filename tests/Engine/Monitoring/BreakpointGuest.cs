using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>A simulated guest whose code is compared with what it was at first.</summary>
internal sealed class BreakpointGuest : IDisposable
{
    private const int CodeBytes = 0x100 * SharedMemory.PageSize;

    private readonly byte[] _before;

    public BreakpointGuest(int vcpus = 1)
    {
        Host = Hosts.Idle(vcpus);
        _before = ReadCode();
    }

    public SimulatedHypervisor Host { get; }

    public SimulatedDomain Domain => Host.Guest();

    public int ChangedBytes => _before.Zip(ReadCode()).Count(one => one.First != one.Second);

    public static ulong AddressOf(GuestActionKind kind) => GuestCode.AddressOf(kind);

    public static EventWatch At(params GuestActionKind[] kinds) => At([.. kinds.Select(AddressOf)]);

    public static EventWatch At(params ulong[] addresses) => Of(null, [.. addresses.Select(address => new Breakpoint(address))]);

    public static EventWatch Of(KernelImage? kernel, params Breakpoint[] places) =>
        new() { Kinds = [VmEventKind.SoftwareBreakpoint], Breakpoints = new BreakpointWatch { At = places, Kernel = kernel } };

    public MonitorSession Session(ChannelPreference channel = ChannelPreference.Ring, Action<string>? warn = null) =>
        MonitorSession.Start(Host, Domain.Identity, new MonitorOptions { Channel = channel, Warn = warn });

    public void Run(params GuestAction[] script) => Domain.Run(script);

    public void AssertNoException()
    {
        foreach (SimulatedVCpu vcpu in Domain.VCpus)
            Assert.Equal((0, 0), (vcpu.GetExceptions(GuestCode.BreakpointVector), vcpu.GetExceptions(GuestCode.InvalidOpcodeVector)));
    }

    public void AssertUntouched()
    {
        Assert.Equal(0, ChangedBytes);
        Assert.Empty(Domain.Breakpoints);
        Domain.AssertFree();
        AssertNoException();
    }

    public void Dispose() => Host.Dispose();

    private byte[] ReadCode()
    {
        byte[] code = new byte[CodeBytes];
        Assert.True(Domain.Memory.TryRead(0, code));
        return code;
    }
}
