using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Memory;
using XenVmEvent.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Memory;

public class PageTablesTests
{
    private const ulong Paging = 0x8000_0001;
    private const ulong Pae = 1 << 5;
    private const ulong Pse = 1 << 4;
    private const ulong La57 = 1 << 12;
    private const ulong LongMode = 1 << 10;
    private const ulong LargePage = 1 << 7;
    private const ulong NoExecute = 1UL << 63;
    private const ulong FrameMask = 0x3fff_ffff_f000;

    private static readonly (int Shift, int Bits)[] Levels = [(48, 9), (39, 9), (30, 9), (21, 9), (12, 9)];

    /// <summary>64-bit mode with 4 or 5 levels and pages of 4 KiB, 2 MiB and 1 GiB.</summary>
    [Fact]
    public void An_address_of_64_bit_mode_leads_to_its_page() => Properties.Hold<(ulong, ulong, bool, byte)>(300, one =>
    {
        (ulong linear, ulong frame, bool fiveLevels, byte size) = one;
        linear = Canonical(linear, fiveLevels ? 57 : 48);
        int depth = 5 - size % 3;
        (int Shift, int Bits)[] path = Levels[(fiveLevels ? 0 : 1)..depth];
        ulong offset = (1UL << path[^1].Shift) - 1;
        frame = frame & FrameMask & ~offset;
        TablesInMemory memory = new(new(Paging, TablesInMemory.Root, Pae | (fiveLevels ? La57 : 0), LongMode));
        memory.Map(linear, frame | 1 | NoExecute | (depth < 5 ? LargePage : 0), path, sizeof(ulong));
        Assert.Equal((frame | (linear & offset)), Translate(memory, linear));
        Assert.Null(Translate(memory, linear ^ 1UL << path[^1].Shift));
    });

    /// <summary>Protected mode with PAE and pages of 4 KiB and 2 MiB.</summary>
    [Fact]
    public void An_address_of_physical_address_extension_leads_to_its_page() => Properties.Hold<(uint, ulong, bool)>(200, one =>
    {
        (uint linear, ulong frame, bool large) = one;
        (int Shift, int Bits)[] path = large ? [(30, 2), (21, 9)] : [(30, 2), (21, 9), (12, 9)];
        ulong offset = (1UL << path[^1].Shift) - 1;
        frame = frame & FrameMask & ~offset;

        // The table of four entries may lie anywhere at a multiple of 32.
        TablesInMemory memory = new(new(Paging, TablesInMemory.Root + 0x20, Pae, 0));
        memory.Map(linear, frame | 1 | (large ? LargePage : 0), path, sizeof(ulong));
        Assert.Equal((frame | (linear & offset)), Translate(memory, linear));
        Assert.Null(Translate(memory, linear ^ 1U << path[^1].Shift));
    });

    /// <summary>Protected mode with entries of 4 bytes, pages of 4 KiB and 4 MiB, these up to 40 bits of address.</summary>
    [Fact]
    public void An_address_of_two_levels_leads_to_its_page() => Properties.Hold<(uint, ulong, bool)>(200, one =>
    {
        (uint linear, ulong frame, bool large) = one;
        frame &= large ? 0xff_ffc0_0000UL : 0xffff_f000UL;
        ulong entry = large ? (frame & 0xffc0_0000) | (frame >> 32 & 0xff) << 13 | LargePage | 1 : frame | 1;
        (int Shift, int Bits)[] path = large ? [(22, 10)] : [(22, 10), (12, 10)];
        TablesInMemory memory = new(new(Paging, TablesInMemory.Root, Pse, 0));
        memory.Map(linear, entry, path, sizeof(uint));
        ulong offset = (1UL << path[^1].Shift) - 1;
        Assert.Equal((frame | (linear & offset)), Translate(memory, linear));
        Assert.Null(Translate(memory, linear ^ 1U << path[^1].Shift));
    });

    [Fact]
    public void Without_paging_an_address_is_what_it_says() => Properties.Hold<uint>(
        100, linear => Assert.Equal((ulong)linear, Translate(new TablesInMemory(default), linear)));

    [Fact]
    public void What_is_not_canonical_leads_nowhere() =>
        Assert.Null(Translate(new TablesInMemory(new(Paging, TablesInMemory.Root, Pae, LongMode)), 0x0000_8000_0000_0000));

    [Fact]
    public void Tables_outside_of_memory_lead_nowhere() =>
        Assert.Null(Translate(new TablesInMemory(new(Paging, 1UL << 50, Pae, LongMode)), 0x1000));

    [Fact]
    public void Reading_goes_on_across_pages_and_stops_where_none_is_mapped()
    {
        TablesInMemory memory = new(new(Paging, TablesInMemory.Root, Pae, LongMode));
        memory.Map(0x40_0000, 0x5000 | 1, Levels[1..], sizeof(ulong));
        memory.Map(0x40_1000, 0x9000 | 1, Levels[1..], sizeof(ulong));
        VirtualMemory seen = new(memory, memory.GetPagingRegisters(0));
        Assert.Equal(0x1010, seen.Read(0x40_0ff0, new byte[0x2000]));
        Assert.Equal(0, seen.Read(0x40_2000, new byte[1]));
        XenException refused = Assert.Throws<XenException>(() => memory.ReadVirtual(0, 0x40_0ff0, 0x1011));
        Assert.Equal(XenErrorId.InvalidGfn, refused.Id);
        Assert.Contains("0x402000", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_simulated_vcpu_finds_its_code_and_data_by_its_tables()
    {
        using SimulatedHypervisor host = new();
        using IDomainMemory memory = host.OpenMemory(host.Domains[0].Identity);
        ulong code = GuestCode.AddressOf(GuestActionKind.Cpuid);
        Assert.Equal([0x0f, 0xa2], memory.ReadVirtual(1, code, 2));
        Assert.Equal([0x0f, 0xa2], memory.ReadPhysical(code - GuestCode.KernelText, 2));
        Assert.Equal([0x0f, 0xa2], memory.ReadVirtual(0, GuestCode.DirectMap + code - GuestCode.KernelText, 2));
        Assert.Equal(XenErrorId.InvalidVCpu, Assert.Throws<XenException>(() => memory.GetPagingRegisters(9)).Id);
        Assert.Equal(XenErrorId.InvalidGfn, Assert.Throws<XenException>(() => memory.ReadPhysical(1UL << 40, 1)).Id);
    }

    /// <summary>Code of the kernel is what its programs cannot execute, and it can.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(NoExecute, false)]
    [InlineData(4, true)]
    public void Code_of_the_kernel_is_told_from_data(ulong bits, bool isCode)
    {
        const ulong noExecuteEnabled = 1 << 11;
        TablesInMemory memory = new(new(Paging, TablesInMemory.Root, Pae, LongMode | noExecuteEnabled));
        memory.Map(0x40_0000, 0x5000 | 1 | bits, Levels[1..], sizeof(ulong));
        Assert.Equal(isCode, PageTables.TryTranslateKernelCode(memory, memory.GetPagingRegisters(0), 0x40_0123, out ulong physical));
        Assert.Equal(0x5123UL, physical);
    }

    [Fact]
    public void A_page_that_all_levels_give_to_programs_is_no_code_of_the_kernel()
    {
        TablesInMemory memory = new(new(Paging, 0, Pse, 0));
        memory.Map(0x40_0000, 0x80_0000 | 1 | LargePage | 4, [(22, 10)], sizeof(uint));
        Assert.False(PageTables.TryTranslateKernelCode(memory, memory.GetPagingRegisters(0), 0x40_0123, out _));
    }

    [Fact]
    public void The_tables_of_arm64_are_refused()
    {
        using SimulatedHypervisor host = new(new SimulationOptions { Architecture = GuestArchitecture.Arm64 });
        using IDomainMemory memory = host.OpenMemory(host.Domains[0].Identity);
        Assert.Equal(XenErrorId.NotSupported, Assert.Throws<XenException>(() => memory.GetPagingRegisters(0)).Id);
        Assert.Equal(4, memory.ReadPhysical(0x1_0120, 4).Length);
    }

    private static ulong? Translate(TablesInMemory memory, ulong linear) =>
        PageTables.TryTranslate(memory, memory.GetPagingRegisters(0), linear, out ulong physical) ? physical : null;

    private static ulong Canonical(ulong linear, int bits) => (ulong)((long)(linear << (64 - bits)) >> (64 - bits));
}
