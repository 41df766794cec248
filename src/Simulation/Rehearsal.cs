using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Simulation;

/// <summary>
/// A guest waits while the runtime compiles and loads what its first event needs. So a simulated guest of our own goes
/// first. Its events of several kinds go the whole way: shown, held and answered. Then it ends.
/// </summary>
public static class Rehearsal
{
    private const uint LongModeSystemCallTarget = 0xC0000082;

    /// <summary>An event comes immediately here; if none does, only this rehearsal is lost.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private static readonly Lazy<bool> Done = new(Run);

    /// <summary>Rehearses once per process; call it before the first session. It never fails.</summary>
    public static void EnsureDone() => _ = Done.Value;

    private static bool Run()
    {
        try
        {
            Perform();
            return true;
        }
        catch (XenException)
        {
            return false; // This was only for speed: the watch itself goes on.
        }
    }

    private static void Perform()
    {
        using SimulatedHypervisor host = new(new SimulationOptions
        {
            Domains =
            [
                new()
                {
                    Id = 1,
                    Name = "rehearsal",
                    Pages = SimulatedDomainOptions.FewestPages,
                    Workload = new(GuestActionKind.WritePage, GuestActionKind.Cpuid, GuestActionKind.WriteCR4, GuestActionKind.WriteMsr, GuestActionKind.Breakpoint),
                    RoundsPerSecond = 0,
                },
            ],
        });
        foreach (ChannelPreference channel in (ChannelPreference[])[ChannelPreference.Ring, ChannelPreference.Slotted])
        {
            using MonitorSession session = MonitorSession.Start(host, host.Domains[0].Identity, new MonitorOptions { Channel = channel });
            Watch(session, hold: false);
            Watch(session, hold: true);
        }
    }

    private static void Watch(MonitorSession session, bool hold)
    {
        EventWatch watch = new()
        {
            Kinds = [VmEventKind.MemAccess, VmEventKind.Cpuid, VmEventKind.WriteControlRegister, VmEventKind.MovToMsr, VmEventKind.SoftwareBreakpoint],
            Pages = new PageWatch { Access = PageAccess.Write },
            ControlRegisters = [ControlRegister.CR4],
            Msrs = [LongModeSystemCallTarget],
            Hold = hold,
        };
        using EventSubscription subscription = session.Watch(watch);
        for (int i = 0; i < 20 && subscription.Take(Patience) is { } vmEvent; i++)
        {
            if (hold && vmEvent.ResponseState == ResponseState.Held) vmEvent.Respond(VmEventResponse.Continue);
        }
    }
}
