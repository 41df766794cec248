using System.Reflection;
using FsCheck;
using FsCheck.Fluent;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Monitoring;

/// <summary>The bytes of a response, as Xen will read them, in every interface version.</summary>
public class ResponseBytesTests
{
    private static readonly SimulatedHypervisor Host = new();

    private static readonly VmEventField[] X86Registers =
        [.. Enum.GetValues<VmEventField>().Where(f => f is >= VmEventField.Rax and <= VmEventField.CsAccessRights)];

    private static readonly Gen<VmEventLayout> Layouts =
        Gen.Choose(VmEventLayout.OldestVersion, VmEventLayout.NewestVersion).Select(VmEventLayout.ForVersion);

    private static readonly Gen<byte> Bytes = ArbMap.Default.GeneratorFor<byte>();

    private static readonly Gen<bool> Booleans = ArbMap.Default.GeneratorFor<bool>();

    private static readonly Gen<ushort?> Views = Gen.Elements<ushort?>(null, null, null, null, 0, 1, 9);

    private static readonly Gen<Dictionary<SettableRegister, ulong>> RegisterSets =
        Gen.Elements(Enum.GetValues<SettableRegister>().Except([SettableRegister.Pc]))
            .Zip(ArbMap.Default.GeneratorFor<ulong>())
            .ListOf()
            .Select(some => some.GroupBy(one => one.Item1).ToDictionary(one => one.Key, one => one.First().Item2));

    private static readonly Gen<VmEventResponse> Responses =
        from action in Gen.Elements(Enum.GetValues<VmEventAction>())
        from registers in Gen.OneOf(Gen.Constant(new Dictionary<SettableRegister, ulong>()), RegisterSets)
        from view in Views
        from fast in Views
        from read in Seldom(Gen.ArrayOf(Bytes))
        from instruction in Seldom(Gen.ArrayOf(Bytes, 3))
        from toggle in Booleans
        from flags in Gen.Elements(0, 0, 0, 0, 1, 2, 4, 8, 9, 11, 12)
        select new VmEventResponse
        {
            Action = action,
            Registers = registers,
            View = view,
            FastSingleStepView = fast,
            EmulatedReadData = read,
            InstructionData = instruction,
            ToggleSingleStep = toggle,
            GetNextInterrupt = (flags & 1) != 0,
            ResetVmTrace = (flags & 2) != 0,
            ResetForkState = (flags & 4) != 0,
            ResetForkMemory = (flags & 8) != 0,
        };

    private static readonly Gen<(VmEventLayout Layout, byte[] Request)> Requests =
        from layout in Layouts
        from bytes in Gen.ArrayOf(Bytes, VmEventLayout.LargestSize)
        from kind in Gen.Elements(Enum.GetValues<VmEventKind>())
        select (layout, Shape(layout, bytes, kind));

    [Fact]
    public void What_makes_sense_lies_where_Xen_reads_it_and_the_rest_is_as_the_request_says()
    {
        int sensible = 0;
        Properties.Hold(Requests.Zip(Responses), 4000, one =>
        {
            ((VmEventLayout layout, byte[] bytes), VmEventResponse response) = one;
            var request = new RequestReader(bytes, layout);
            if (ResponseRules.FindObjection(response, request, GuestArchitecture.X86) is not null) return;
            sensible++;
            byte[] answer = Compose(layout, bytes, response);
            var sent = new RequestReader(answer, layout);

            // Xen emulates I/O for no other reason than this.
            bool emulatesIo = request.Kind == VmEventKind.Io && (sent.Flags & VmEventFlags.Emulate) != 0;
            uint reason = emulatesIo ? (uint)VmEventKind.DescriptorAccess : request.Reason;
            Assert.Equal((request.Version, request.VCpuId, reason), (sent.Version, sent.VCpuId, sent.Reason));
            Assert.True(sent.IsSynchronous);
            Assert.Equal(response.Flags, sent.Flags & response.Flags);
            Assert.Equal(VmEventFlags.None, sent.Flags & ~layout.KnownFlags);
            AssertUnion(response, request, sent);
            AssertData(response, layout, answer, request, sent);
        });
        Assert.True(sensible > 100, $"Only {sensible} of the responses made sense.");
    }

    [Fact]
    public void An_event_that_nobody_waits_for_changes_nothing_about_its_vcpu() => Properties.Hold(Requests.Zip(Responses), 500, one =>
    {
        ((VmEventLayout layout, byte[] bytes), VmEventResponse response) = one;
        new ResponseWriter(bytes, layout).Set(VmEventField.Flags, 0);
        VmEventFlags flags = new RequestReader(Compose(layout, bytes, response), layout).Flags;

        // What Continue means for its kind does no harm.
        Assert.Equal(VmEventFlags.None, flags & ~(VmEventFlags.SetRegisters | VmEventFlags.Emulate));
    });

    [Fact]
    public void Registers_of_arm64_are_its_program_counter()
    {
        VmEventLayout layout = VmEventLayout.ForVersion(7);
        byte[] bytes = Shape(layout, [.. Enumerable.Repeat((byte)0x11, layout.Size)], VmEventKind.MemAccess);
        VmEventResponse response = VmEventResponse.Continue.WithRegister(SettableRegister.Pc, 0x8000);
        var sent = new RequestReader(Compose(layout, bytes, response), layout);
        Assert.Equal(0x8000u, sent.UInt64(VmEventField.ArmPc));
        Assert.Equal(0x1111_1111_1111_1111u, sent.UInt64(VmEventField.ArmTtbr0));
        Assert.Equal(VmEventFlags.VCpuPaused | VmEventFlags.SetRegisters, sent.Flags);
    }

    [Fact]
    public void An_instruction_is_filled_up_with_nops_and_data_names_its_size()
    {
        VmEventLayout layout = VmEventLayout.ForVersion(4);
        byte[] breakpoint = Shape(layout, new byte[layout.Size], VmEventKind.SoftwareBreakpoint);
        byte[] answer = Compose(layout, breakpoint, new VmEventResponse(VmEventAction.Emulate) { InstructionData = new byte[] { 0x0f, 0xa2 } });
        Assert.Equal([0x0f, 0xa2, .. Enumerable.Repeat((byte)0x90, 14), 0, 0], answer[56..74]);
        byte[] access = Shape(layout, new byte[layout.Size], VmEventKind.MemAccess);
        answer = Compose(layout, access, new VmEventResponse(VmEventAction.Emulate) { EmulatedReadData = new byte[] { 7, 8, 9 } });
        Assert.Equal([3, 0, 0, 0, 7, 8, 9, 0], answer[56..64]);
    }

    private static Gen<byte[]> Seldom(Gen<byte[]> some) => Gen.Frequency((3, Gen.Constant(Array.Empty<byte>())), (1, some));

    private static void AssertUnion(VmEventResponse response, RequestReader request, RequestReader sent)
    {
        if (response.View is { } view) Assert.Equal(view, sent.UInt32(VmEventField.Altp2mIndex));
        if (response.FastSingleStepView is { } next) Assert.Equal(next, sent.UInt32(VmEventField.FastSingleStepView));
        if (request.Kind == VmEventKind.MemAccess && (sent.Flags & VmEventFlags.Emulate) != 0)
        {
            Assert.Equal(request.UInt64(VmEventField.MemAccessGfn), sent.UInt64(VmEventField.MemAccessGfn));
            Assert.Equal(request.UInt64(VmEventField.MemAccessFlags), sent.UInt64(VmEventField.MemAccessFlags));
        }

        if (response.Action == VmEventAction.Deny && request.Kind == VmEventKind.WriteControlRegister)
        {
            Assert.Equal(request.UInt32(VmEventField.ControlRegisterIndex), sent.UInt32(VmEventField.ControlRegisterIndex));
        }
    }

    private static void AssertData(VmEventResponse response, VmEventLayout layout, byte[] answer, RequestReader request, RequestReader sent)
    {
        if (!response.EmulatedReadData.IsEmpty)
        {
            Assert.Equal((uint)response.EmulatedReadData.Length, sent.UInt32(VmEventField.EmulReadSize));
            Assert.Equal(response.EmulatedReadData.ToArray(), answer.AsSpan(layout.OffsetOf(VmEventField.EmulReadData), response.EmulatedReadData.Length).ToArray());
        }

        if (!response.InstructionData.IsEmpty)
        {
            Assert.Equal(response.InstructionData.ToArray(), answer.AsSpan(layout.OffsetOf(VmEventField.EmulInsnData), response.InstructionData.Length).ToArray());
        }

        if ((sent.Flags & VmEventFlags.SetRegisters) == 0) return;
        Assert.True(response.EmulatedReadData.IsEmpty && response.InstructionData.IsEmpty);
        HashSet<VmEventField> named = [.. response.Registers.Keys.Select(ResponseRegisters.FieldOf)];
        foreach (VmEventField field in X86Registers)
        {
            if (named.Contains(field)) Assert.Equal(response.Registers.First(r => ResponseRegisters.FieldOf(r.Key) == field).Value, sent.UInt64(field));
            else if (!MayMove(request.Kind, field)) Assert.Equal(request.UInt64(field), sent.UInt64(field));
        }
    }

    /// <summary>Whether a register is set for the vCPU to go on behind its instruction.</summary>
    private static bool MayMove(VmEventKind kind, VmEventField field) => kind switch
    {
        VmEventKind.GuestRequest => field is VmEventField.Rip or VmEventField.Rax,
        VmEventKind.Cpuid or VmEventKind.SoftwareBreakpoint => field is VmEventField.Rip,
        VmEventKind.DebugException => field is VmEventField.Rip or VmEventField.Rflags,

        // The program counter of arm64 lies where x86 has RBX.
        VmEventKind.PrivilegedCall => field is VmEventField.Rbx,
        _ => false,
    };

    private static byte[] Shape(VmEventLayout layout, byte[] bytes, VmEventKind kind)
    {
        byte[] request = bytes[..layout.Size];
        var writer = new ResponseWriter(request, layout);
        writer.Set(VmEventField.Version, (ulong)layout.Version);
        writer.Set(VmEventField.Reason, (ulong)kind);
        writer.Set(VmEventField.Flags, (ulong)(VmEventFlags.VCpuPaused | VmEventFlags.AlternateP2m));
        return request;
    }

    private static byte[] Compose(VmEventLayout layout, byte[] request, VmEventResponse response)
    {
        IDomainMonitor monitor = DispatchProxy.Create<IDomainMonitor, SilentMonitor>();
        EventSwitches switches = new(monitor, layout, 1);
        switches.Enable(Watches.For(VmEventKind.SingleStep));
        XenDomain domain = new(1, "guest", Guid.Empty, DomainType.Hvm, 1);
        SessionViews views = new(monitor, switches, domain);
        GuestBreakpoints breakpoints = new(Host, domain, monitor, views, switches, new MonitorOptions());
        AnswerEffects effects = new(monitor, views, switches, breakpoints, new InterruptDelivery(Host, domain, monitor), GuestArchitecture.X86);
        RepeatingChannel channel = new(request, new SilentPorts());
        ResponseSender sender = new(channel, effects, new StatisticsCollector(1), layout);
        sender.Send(new RequestReader(request, layout), response, readAt: 0, vmEvent: null);
        return channel.Response;
    }

    private sealed class SilentPorts : ResumingPorts
    {
        public override void Notify(uint port)
        {
        }
    }

    /// <summary>Can everything, takes every call and does nothing.</summary>
#pragma warning disable CA1852 // DispatchProxy derives from it.
    internal class SilentMonitor : DispatchProxy
#pragma warning restore CA1852
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Type type = targetMethod!.ReturnType;
            if (type == typeof(MonitorCapabilities)) return (MonitorCapabilities)uint.MaxValue;
            return type.IsValueType && type != typeof(void) ? Activator.CreateInstance(type) : null;
        }
    }
}
