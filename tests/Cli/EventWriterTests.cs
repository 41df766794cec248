using System.Text;
using System.Text.Json;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Events;
using Xunit;

namespace XenVmEvent.Cli.Tests;

/// <summary>The lines for events that are known beforehand.</summary>
public class EventWriterTests
{
    private static readonly GuestAction[] Actions =
    [
        GuestAction.WritePage(0x180, 0x28, 1),
        GuestAction.WalkPageTable(0x181, 0xff8),
        GuestAction.Cpuid(1, 2),
        GuestAction.WriteControlRegister(ControlRegister.CR4, 0x37_06e4),
        GuestAction.WriteControlRegister(ControlRegister.Xcr0, 0x3),
        GuestAction.WriteMsr(0xc000_0082, 0x1234),
        GuestAction.Breakpoint(),
        GuestAction.DebugException(),
        GuestAction.DescriptorAccess(2, isWrite: true),
        GuestAction.GuestRequest(),
    ];

    [Fact]
    public void Text_lines_are_those_of_xen_access()
    {
        using var output = new MemoryStream();
        var writer = new TextEventWriter(output);
        List<VmEvent> events = Watch();
        foreach (VmEvent one in events) writer.Write(one);
        Assert.Equal(0, output.Length);
        writer.Flush();
        string[] rip = [.. events.Select(e => $"{e.InstructionPointer:x16}")];
        string gfn = $"{((SoftwareBreakpointEvent)events[6]).Gfn:x}";
        string info = $"{((DescriptorAccessEvent)events[8]).InstructionInfo:x}";
        string debug = $"{((DebugExceptionEvent)events[7]).PendingDebug:x8}";
        Assert.Equal(
            $"""
            PAGE ACCESS: -w- for GFN 180 (offset 000028) gla ffff888000180028 (valid: y; fault in gpt: n; fault with gla: y) (vcpu 0 [p], altp2m view 0)
            PAGE ACCESS: -w- for GFN 181 (offset 000ff8) gla ffff888000181ff8 (valid: y; fault in gpt: y; fault with gla: n) (vcpu 0 [p], altp2m view 0)
            CPUID executed: rip={rip[2]}, vcpu 0. Insn length: 2 0x1 0x2: EAX=0x506e3 EBX=0x100800 ECX=0xfffa3203 EDX=0x1f8bfbff
            Control register written: rip={rip[3]}, vcpu 0: reg=CR4, old_value=00000000003706e0, new_value=00000000003706e4
            Control register written: rip={rip[4]}, vcpu 0: reg=XCR0, old_value=0000000000000007, new_value=0000000000000003
            MSR written: rip={rip[5]}, vcpu 0: msr=0xc0000082, old_value=ffffffff81a00000, new_value=0000000000001234
            Breakpoint: rip={rip[6]}, gfn={gfn} (vcpu 0)
            Debug exception: rip={rip[7]}, vcpu 0. Type: 3. Length: 0. Pending dbg 0x{debug}
            Descriptor access: rip={rip[8]}, vcpu 0: VMExit info=0x{info}, descriptor=2, is write=1
            GuestRequest: rip={rip[9]}, vcpu 0

            """,
            Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void A_privileged_calls_line_is_that_of_xen_access_on_arm64()
    {
        using var output = new MemoryStream();
        var writer = new TextEventWriter(output);
        writer.Write(new Requests(7, GuestArchitecture.Arm64).Event(
            VmEventKind.PrivilegedCall, (VmEventField.ArmPc, 0xffff_8000_1001_0a2c), (VmEventField.VCpuId, 3)));
        writer.Flush();
        Assert.Equal("Privileged call: pc=ffff800010010a2c (vcpu 3)\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void Json_lines_hold_each_kinds_own_fields()
    {
        using var output = new MemoryStream();
        using var writer = new JsonEventWriter(output);
        List<VmEvent> events = Watch();
        foreach (VmEvent one in events) writer.Write(one);
        writer.Flush();
        JsonElement[] lines =
        [
            .. Encoding.UTF8.GetString(output.ToArray()).TrimEnd('\n').Split('\n').Select(l => JsonDocument.Parse(l).RootElement),
        ];
        Assert.Equal(events.Count, lines.Length);
        foreach ((int i, JsonElement line) in lines.Index())
        {
            Assert.Equal(events[i].Time, line.GetProperty("time").GetDateTimeOffset());
            Assert.Equal(("guest", 5), (line.GetProperty("domain").GetString(), line.GetProperty("domainId").GetInt32()));
            Assert.Equal((0, "Continue"), (line.GetProperty("vcpu").GetInt32(), line.GetProperty("response").GetString()));
            Assert.Equal(events[i].Kind.ToString(), line.GetProperty("kind").GetString());
            Assert.Equal($"0x{events[i].InstructionPointer:x}", line.GetProperty("instructionPointer").GetString());
        }

        AssertHas(lines[0], ("gfn", "0x180"), ("offset", "0x28"), ("linearAddress", "0xffff888000180028"), ("access", "Write"));
        AssertHas(lines[2], ("leaf", "0x1"), ("subleaf", "0x2"));
        AssertHas(lines[3], ("register", "CR4"), ("oldValue", "0x3706e0"), ("newValue", "0x3706e4"));
        AssertHas(lines[5], ("msr", "0xc0000082"), ("oldValue", "0xffffffff81a00000"), ("newValue", "0x1234"));
        AssertHas(lines[8], ("descriptor", "Gdtr"));
        Assert.Equal(1, lines[6].GetProperty("instructionLength").GetInt32());
        Assert.True(lines[8].GetProperty("isWrite").GetBoolean());
    }

    private static void AssertHas(JsonElement line, params (string Name, string Value)[] fields)
    {
        foreach ((string name, string value) in fields) Assert.Equal(value, line.GetProperty(name).GetString());
    }

    private static List<VmEvent> Watch()
    {
        using var host = new SimulatedHypervisor(new SimulationOptions
        {
            Domains = [new() { Id = 5, Name = "guest", Workload = Workload.Idle }],
        });
        using MonitorSession session = MonitorSession.Start(host, host["guest"].Identity);
        using EventSubscription seen = session.Watch(new EventWatch
        {
            Kinds =
            [
                VmEventKind.MemAccess, VmEventKind.Cpuid, VmEventKind.WriteControlRegister, VmEventKind.MovToMsr, VmEventKind.SoftwareBreakpoint,
                VmEventKind.DebugException, VmEventKind.DescriptorAccess, VmEventKind.GuestRequest,
            ],
            ControlRegisters = [ControlRegister.CR4, ControlRegister.Xcr0],
            Msrs = [0xc000_0082],
            Pages = new PageWatch { Access = PageAccess.Write },
        });
        host["guest"].VCpus[0].RunAsync(Actions);
        return [.. Actions.Select(_ => seen.Take(TimeSpan.FromSeconds(60))!)];
    }
}
