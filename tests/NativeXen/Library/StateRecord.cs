using System.Text.Json;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;

namespace XenVmEvent.NativeXen;

/// <summary>Records the state in which the listener left the guest.</summary>
internal static class StateRecord
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// Waits until each vCPU has done its rounds or stands still for good, because nobody answers any more. Does not
    /// wait for a guest whose rounds have no end.
    /// </summary>
    public static void WaitUntilGuestRests(SimulatedDomain guest)
    {
        if (guest.Rounds == 0 || !guest.HasStarted) return;
        while (guest.IsAlive && guest.VCpus.Any(vcpu => !Rests(guest, vcpu))) Thread.Sleep(LookPeriod);
    }

    public static void Write(string file, SimulatedDomain guest)
    {
        using FileStream stream = File.Create(file);
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("interfaceVersion", guest.Layout.Version);
        json.WriteString("endedBecause", guest.EndedBecause);
        json.WriteBoolean("isMonitored", guest.IsMonitored);
        json.WriteBoolean("listenerRequired", guest.Pages.ListenerRequired);
        json.WriteBoolean("hasViews", guest.HasViews);
        json.WriteString("defaultAccess", guest.DefaultMemAccess.ToString());
        json.WriteNumber("pagesOnDemand", guest.PagesOnDemand);
        json.WriteNumber("accessesLost", guest.AccessesLost);
        WritePages(json, guest);
        json.WriteStartArray("switches");
        foreach (string name in WatchedState.Switches(guest.Settings)) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteStartArray("vcpus");
        foreach (SimulatedVCpu vcpu in guest.VCpus) WriteVCpu(json, guest, vcpu);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static bool Rests(SimulatedDomain guest, SimulatedVCpu vcpu) =>
        vcpu.Rounds == guest.Rounds || vcpu.IsPaused || vcpu.IsBlocked;

    /// <summary>Ranges of pages whose access is not the usual one.</summary>
    private static void WritePages(Utf8JsonWriter json, SimulatedDomain guest)
    {
        json.WriteStartArray("restrictedPages");
        ulong gfn = 0;
        while (gfn <= guest.Pages.MaximumGfn)
        {
            MemAccess access = guest.Pages[gfn];
            ulong first = gfn;
            do gfn++;
            while (gfn <= guest.Pages.MaximumGfn && guest.Pages[gfn] == access);
            if (access != MemAccess.Rwx) json.WriteStringValue($"0x{first:x}-0x{gfn - 1:x} {access}");
        }

        json.WriteEndArray();
    }

    private static void WriteVCpu(Utf8JsonWriter json, SimulatedDomain guest, SimulatedVCpu vcpu)
    {
        json.WriteStartObject();
        json.WriteNumber("id", vcpu.Id);
        json.WriteNumber("rounds", vcpu.Rounds);
        json.WriteBoolean("isFinished", guest.Rounds > 0 && vcpu.Rounds == guest.Rounds);
        json.WriteNumber("instructions", vcpu.Instructions);
        json.WriteNumber("events", vcpu.Events);
        json.WriteBoolean("isPaused", vcpu.IsPaused);
        json.WriteBoolean("isBlocked", vcpu.IsBlocked);
        json.WriteBoolean("isSingleStepping", vcpu.IsSingleStepping);
        json.WriteNumber("view", vcpu.View);
        json.WriteStartObject("exceptions");
        for (int vector = 0; vector < 32; vector++)
        {
            if (vcpu.GetExceptions((byte)vector) is > 0 and long count) json.WriteNumber($"{vector}", count);
        }

        json.WriteEndObject();
        json.WriteStartObject("registers");
        for (VmEventField register = VmEventField.Rax; register <= VmEventField.R15; register++)
            Hex(json, register.ToString(), vcpu.Registers[register]);
        Hex(json, nameof(vcpu.Registers.Rip), vcpu.Registers.Rip);
        Hex(json, nameof(vcpu.Registers.Rflags), vcpu.Registers.Rflags);
        foreach (ControlRegister register in Enum.GetValues<ControlRegister>())
            Hex(json, register.ToString(), vcpu.GetControlRegister(register));
        foreach (uint msr in vcpu.Registers.Msrs.Keys.Order()) Hex(json, $"msr 0x{msr:x}", vcpu.GetMsr(msr));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Hex(Utf8JsonWriter json, string name, ulong value) => json.WriteString(name, $"0x{value:x}");
}
