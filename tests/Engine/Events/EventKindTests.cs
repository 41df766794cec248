using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using Xunit;

namespace XenVmEvent.Tests.Events;

public class EventKindTests
{
    private const ulong Big = 0xfedc_ba98_7654_3210;

    public static TheoryData<int> Versions => [.. Enumerable.Range(VmEventLayout.OldestVersion, 6)];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_event_says_when_where_and_what(int version)
    {
        DateTimeOffset before = DateTimeOffset.Now;
        var one = (CpuidEvent)new Requests(version).Event(
            VmEventKind.Cpuid,
            (VmEventField.VCpuId, 3),
            (VmEventField.Altp2mIndex, 9),
            (VmEventField.Rip, Big),
            (VmEventField.CpuidLeaf, 0x8000_0008),
            (VmEventField.CpuidSubleaf, 2),
            (VmEventField.CpuidInstructionLength, 2));
        Assert.InRange(one.Time, before.AddSeconds(-1), DateTimeOffset.Now.AddSeconds(1));
        Assert.Equal(("web07", 7u, 3u), (one.Domain, one.DomainId, one.VCpu));
        Assert.Equal((VmEventKind.Cpuid, Big, (ushort)9), (one.Kind, one.InstructionPointer, one.View));
        Assert.True(one.IsSynchronous);
        Assert.Equal((0x8000_0008u, 2u, 2u), (one.Leaf, one.Subleaf, one.InstructionLength));
        Assert.Equal("Cpuid web07 vCPU 3 ip 0xfedcba9876543210 leaf 0x80000008 subleaf 0x2", one.ToString());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void A_page_access_says_page_place_and_access(int version)
    {
        var one = (MemAccessEvent)new Requests(version).Event(
            VmEventKind.MemAccess,
            (VmEventField.MemAccessGfn, Big),
            (VmEventField.MemAccessOffset, 0xff8),
            (VmEventField.MemAccessGla, Big + 1),
            (VmEventField.MemAccessFlags, 0b101011));
        Assert.Equal((Big, 0xff8UL, Big + 1), (one.Gfn, one.Offset, one.LinearAddress));
        Assert.Equal(PageAccess.Read | PageAccess.Write, one.Access);
        Assert.Equal(MemAccessFlags.Read | MemAccessFlags.Write | MemAccessFlags.GlaValid | MemAccessFlags.FaultInGpt, one.Flags);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Register_writes_say_which_from_what_to_what(int version)
    {
        var requests = new Requests(version);
        var control = (WriteControlRegisterEvent)requests.Event(
            VmEventKind.WriteControlRegister,
            (VmEventField.ControlRegisterIndex, 2),
            (VmEventField.ControlRegisterOldValue, Big),
            (VmEventField.ControlRegisterNewValue, Big + 1));
        Assert.Equal((ControlRegister.CR4, Big, Big + 1), (control.Register, control.OldValue, control.NewValue));
        var model = (MovToMsrEvent)requests.Event(
            VmEventKind.MovToMsr,
            (VmEventField.Msr, 0xc000_0082),
            (VmEventField.MsrOldValue, Big),
            (VmEventField.MsrNewValue, Big + 1));
        Assert.Equal((0xc000_0082u, version == 2 ? 0 : Big, Big + 1), (model.Msr, model.OldValue, model.NewValue));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Exceptions_say_what_the_guest_is_to_be_given(int version)
    {
        var requests = new Requests(version);
        var breakpoint = (SoftwareBreakpointEvent)requests.Event(
            VmEventKind.SoftwareBreakpoint,
            (VmEventField.BreakpointGfn, Big),
            (VmEventField.BreakpointInstructionLength, 1),
            (VmEventField.BreakpointType, 6));
        Assert.Equal((Big, 1u, (byte)6), (breakpoint.Gfn, breakpoint.InstructionLength, breakpoint.TrapType));
        var debug = (DebugExceptionEvent)requests.Event(
            VmEventKind.DebugException,
            (VmEventField.DebugGfn, Big),
            (VmEventField.DebugInstructionLength, 1),
            (VmEventField.DebugType, 5),
            (VmEventField.DebugPendingDebug, 0x4001));
        Assert.Equal((Big, 1u, (byte)5), (debug.Gfn, debug.InstructionLength, debug.TrapType));
        Assert.Equal(version >= 6 ? 0x4001UL : 0, debug.PendingDebug);
        var step = (SingleStepEvent)requests.Event(VmEventKind.SingleStep, (VmEventField.SingleStepGfn, Big));
        Assert.Equal(Big, step.Gfn);
        var interrupt = (InterruptEvent)requests.Event(
            VmEventKind.Interrupt,
            (VmEventField.InterruptVector, 14),
            (VmEventField.InterruptType, 3),
            (VmEventField.InterruptErrorCode, uint.MaxValue),
            (VmEventField.InterruptCr2, Big));
        Assert.Equal((14u, 3u, uint.MaxValue, Big), (interrupt.Vector, interrupt.InterruptType, interrupt.ErrorCode, interrupt.Cr2));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Descriptor_accesses_say_which_table_and_which_way(int version)
    {
        var one = (DescriptorAccessEvent)new Requests(version).Event(
            VmEventKind.DescriptorAccess,
            (VmEventField.Descriptor, 3),
            (VmEventField.DescriptorIsWrite, 1),
            (VmEventField.DescriptorInstructionInfo, 0x3241_0100),
            (VmEventField.DescriptorExitQualification, Big));
        Assert.Equal((DescriptorTable.Ldtr, true, 0x3241_0100u, Big), (one.Descriptor, one.IsWrite, one.InstructionInfo, one.ExitQualification));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Events_of_paging_and_sharing_say_which_page_and_what_of_it(int version)
    {
        var requests = new Requests(version);
        var paging = (MemPagingEvent)requests.Event(
            VmEventKind.MemPaging, (VmEventField.MemPagingGfn, Big), (VmEventField.MemPagingType, 12), (VmEventField.MemPagingFlags, 1));
        Assert.Equal((Big, 12u, MemPagingFlags.DropPage), (paging.Gfn, paging.PageType, paging.Flags));
        var sharing = (MemSharingEvent)requests.Event(VmEventKind.MemSharing, (VmEventField.MemSharingGfn, Big), (VmEventField.MemSharingType, 13));
        Assert.Equal((Big, 13u), (sharing.Gfn, sharing.PageType));
    }

    [Theory]
    [InlineData(VmEventFlags.VCpuPaused, false, false)]
    [InlineData(VmEventFlags.VCpuPaused | VmEventFlags.Foreign, true, false)]
    [InlineData(VmEventFlags.NestedP2m, false, true)]
    public void An_event_says_who_caused_it(VmEventFlags flags, bool isForeign, bool isNested)
    {
        VmEvent one = new Requests(7).Event(VmEventKind.MemPaging, (VmEventField.Flags, (ulong)flags));
        Assert.Equal((isForeign, isNested, (flags & VmEventFlags.VCpuPaused) != 0), (one.IsForeign, one.IsNested, one.IsSynchronous));
    }

    [Fact]
    public void What_only_the_newest_interface_has_is_0_before()
    {
        Assert.Equal((48UL, Big), Exit(7));
        Assert.Equal((0UL, 0UL), Exit(6));
        var io = (IoEvent)new Requests(7).Event(
            VmEventKind.Io,
            (VmEventField.IoPort, 0x3f8),
            (VmEventField.IoBytes, 2),
            (VmEventField.IoIn, 1),
            (VmEventField.IoString, 1));
        Assert.Equal(((ushort)0x3f8, 2u, true, true), (io.Port, io.Bytes, io.IsIn, io.IsString));

        static (ulong, ulong) Exit(int version)
        {
            var exit = (VmExitEvent)new Requests(version).Event(
                VmEventKind.VmExit, (VmEventField.VmExitReason, 48), (VmEventField.VmExitQualification, Big));
            return (exit.Reason, exit.Qualification);
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_kind_makes_the_event_of_its_name(int version)
    {
        var requests = new Requests(version);
        foreach (VmEventKind kind in Enum.GetValues<VmEventKind>())
        {
            VmEvent one = requests.Event(kind);
            Assert.Equal($"{kind}Event", one.GetType().Name);
            Assert.Equal(kind, one.Kind);
            Assert.StartsWith($"{kind} web07 vCPU 0 ip 0x0", one.ToString(), StringComparison.Ordinal);
        }

        var unknown = (UnknownEvent)requests.Event((VmEventKind)4711);
        Assert.Equal((VmEventKind.Unknown, 4711u), (unknown.Kind, unknown.Reason));
    }

    [Fact]
    public void An_event_keeps_its_values_when_the_channel_is_used_again()
    {
        var requests = new Requests(7);
        byte[] shared = new byte[requests.Layout.Size];
        new ResponseWriter(shared, requests.Layout).Set(VmEventField.Reason, (ulong)VmEventKind.Cpuid);
        new ResponseWriter(shared, requests.Layout).Set(VmEventField.CpuidLeaf, 7);
        var source = new SessionSource(7, "web07", requests.Layout, GuestArchitecture.X86, requests, new LossLog(isComplete: false));
        var one = (CpuidEvent)VmEventFactory.Create(source, new RequestReader(shared, requests.Layout), 0);
        Array.Fill(shared, (byte)0xff);
        Assert.Equal((7u, VmEventKind.Cpuid), (one.Leaf, one.Kind));
    }
}
