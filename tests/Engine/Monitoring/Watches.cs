using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>Sessions on simulated guests, and what they are asked to watch.</summary>
internal static class Watches
{
    /// <summary>A deadline that no test reaches.</summary>
    public static readonly TimeSpan Never = TimeSpan.FromHours(1);

    /// <summary>A deadline that is over soon.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(30);

    public static SimulatedDomain Guest(this SimulatedHypervisor host) => host[Hosts.Guest];

    public static MonitorSession Session(
        this IHypervisor host, ChannelPreference channel, TimeSpan? deadline = null, bool listenerRequired = false) =>
        MonitorSession.Start(host, host.FindDomain(Hosts.Guest), new MonitorOptions
        {
            Channel = channel,
            ResponseTimeout = deadline ?? Never,
            ListenerRequired = listenerRequired,
        });

    public static EventWatch For(params VmEventKind[] kinds) => new() { Kinds = kinds };

    public static EventWatch Msrs(params uint[] msrs) => new() { Kinds = [VmEventKind.MovToMsr], Msrs = msrs };

    public static EventWatch ControlRegisters(params ControlRegister[] registers) =>
        new() { Kinds = [VmEventKind.WriteControlRegister], ControlRegisters = registers };

    public static EventWatch Pages(PageAccess access, params GfnRange[] ranges) => new()
    {
        Kinds = [VmEventKind.MemAccess],
        Pages = new PageWatch { Access = access, Ranges = ranges },
    };

    public static EventWatch Repeated(PageAccess access, params GfnRange[] ranges) => new()
    {
        Kinds = [VmEventKind.MemAccess],
        Pages = new PageWatch { Access = access, Ranges = ranges, Repeat = true },
    };

    /// <summary>Everything that can be watched and that the simulated guest does.</summary>
    public static EventWatch Everything => new()
    {
        Kinds =
        [
            VmEventKind.WriteControlRegister, VmEventKind.MovToMsr, VmEventKind.SoftwareBreakpoint, VmEventKind.GuestRequest,
            VmEventKind.DebugException, VmEventKind.Cpuid, VmEventKind.DescriptorAccess, VmEventKind.MemAccess,
        ],
        Msrs = [Msr.Lstar, Msr.SysenterEip],
        Pages = new PageWatch { Access = PageAccess.Write | PageAccess.Execute },
    };

    /// <summary>The next event, waited for.</summary>
    public static T Next<T>(this EventSubscription subscription)
        where T : VmEvent
    {
        VmEvent? next = subscription.Take(Listener.Patience);
        Assert.True(next is not null, "No event came.");
        return Assert.IsType<T>(next);
    }

    /// <summary>Has the guest's first vCPU do something, to its end.</summary>
    public static void Run(this SimulatedDomain guest, params GuestAction[] actions) => guest.VCpus[0].RunAsync(actions).Finish();

    /// <summary>Asserts that nothing of a session is left in the guest, and that every vCPU runs.</summary>
    public static void AssertFree(this SimulatedDomain guest)
    {
        Assert.Null(guest.Host.Crash);
        Assert.False(guest.IsMonitored);
        AssertAllPagesFree(guest);
        foreach (SimulatedVCpu vcpu in guest.VCpus) vcpu.RunAsync(GuestAction.Cpuid(0), GuestAction.WritePage(0x200, 0, 1)).Finish();
        Assert.DoesNotContain(guest.VCpus, v => v.IsPaused || v.IsBlocked);
    }

    public static void AssertAllPagesFree(this SimulatedDomain guest)
    {
        Assert.Equal(MemAccess.Rwx, guest.DefaultMemAccess);
        lock (guest.Gate)
        {
            for (ulong gfn = 0; gfn <= guest.Pages.MaximumGfn; gfn++)
            {
                if (guest.Pages[gfn] != MemAccess.Rwx) Assert.Fail($"gfn 0x{gfn:x} is left {guest.Pages[gfn]}.");
            }
        }
    }
}
