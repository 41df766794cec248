using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Tests.Events;

namespace XenVmEvent.Tests.Recording;

/// <summary>Events with anything in them: of every interface version, kind, architecture and response.</summary>
internal static class RandomEvents
{
    /// <summary>Reasons beyond the last one are some that nobody knows yet.</summary>
    private const int MostReason = 20;

    public static Gen<VmEvent> Any { get; } =
        from version in Gen.Choose(VmEventLayout.OldestVersion, VmEventLayout.NewestVersion)
        from architecture in Gen.Elements(Enum.GetValues<GuestArchitecture>())
        from reason in Gen.Choose(0, MostReason)
        from domain in Gen.Elements("web01", "ünïcode \"quoted\"\n", "")
        from ticks in Gen.Choose(0, int.MaxValue)
        from bytes in Gen.ArrayOf(Gen.Choose(0, 255), VmEventLayout.LargestSize)
        from state in Gen.Elements(Enum.GetValues<ResponseState>())
        from response in Response
        from handling in Gen.Elements(-1, 0, 1, 34, int.MaxValue)
        select Create(version, architecture, reason, domain, ticks, bytes, state, response, handling);

    public static Gen<VmEventResponse> Response { get; } =
        from action in Gen.Elements(Enum.GetValues<VmEventAction>())
        from registers in Gen.SubListOf(Enum.GetValues<SettableRegister>())
        from values in Gen.ArrayOf(ArbMap.Default.GeneratorFor<ulong>(), 32)
        from view in Gen.OrNull(Gen.Choose(0, ushort.MaxValue).Select(v => (object)v))
        from next in Gen.OrNull(Gen.Choose(0, ushort.MaxValue).Select(v => (object)v))
        from data in Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>())
        from code in Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>())
        from flags in Gen.Choose(0, 31)
        select new VmEventResponse
        {
            Action = action,
            Registers = registers.ToDictionary(r => r, r => values[(int)r]),
            View = (ushort?)(int?)view,
            FastSingleStepView = (ushort?)(int?)next,
            EmulatedReadData = data,
            InstructionData = code,
            ToggleSingleStep = (flags & 1) != 0,
            GetNextInterrupt = (flags & 2) != 0,
            ResetVmTrace = (flags & 4) != 0,
            ResetForkState = (flags & 8) != 0,
            ResetForkMemory = (flags & 16) != 0,
        };

    private static VmEvent Create(
        int version, GuestArchitecture architecture, int reason, string domain, int ticks, int[] bytes, ResponseState state, VmEventResponse response, int handling)
    {
        VmEventLayout layout = VmEventLayout.ForVersion(version);
        byte[] request = [.. bytes.Take(layout.Size).Select(b => (byte)b)];
        new ResponseWriter(request, layout).Set(VmEventField.Reason, (ulong)reason);
        SessionSource source = new((uint)ticks, domain, layout, architecture, new Requests(version), new LossLog(isComplete: false));
        VmEvent vmEvent = VmEventFactory.Create(source, new RequestReader(request, layout), ticks);
        vmEvent.Symbol = ticks % 3 == 0 ? "do_syscall_64+0x38" : null;
        vmEvent.Instruction = ticks % 2 == 0 ? "mov [rdi], rax" : null;
        bool isHeld = state == ResponseState.Held;
        vmEvent.Restore(isHeld ? null : response, state, isHeld || handling < 0 ? 0 : (long)ticks + handling + 1);
        return vmEvent;
    }
}
