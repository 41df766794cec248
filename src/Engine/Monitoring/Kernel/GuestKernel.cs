using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Memory;

namespace XenVmEvent.Monitoring;

/// <summary>A guest's kernel, as the page tables of its vCPUs have it at one moment.</summary>
internal sealed class GuestKernel
{
    /// <summary>
    /// Linux with page-table isolation has two tables for a program, side by side. In the program's own, this bit of CR3
    /// is set, and most of the kernel is missing.
    /// </summary>
    private const ulong ProgramTables = 1 << 12;

    /// <summary>Linux moves its kernel by a multiple of this.</summary>
    private const long SlideStep = 1 << 21;

    private const long LargestSlide = 1 << 30;

    private readonly IDomainMemory _memory;
    private readonly List<PagingRegisters> _tables = [];
    private readonly ulong _syscallEntry;

    public GuestKernel(IDomainMemory memory, int vcpus)
    {
        _memory = memory;
        for (uint vcpu = 0; vcpu < vcpus; vcpu++)
        {
            try
            {
                PagingRegisters paging = memory.GetPagingRegisters(vcpu);
                if (PageTables.IsPaging(paging) && !_tables.Contains(paging)) _tables.Add(paging);
                if (_syscallEntry == 0) _syscallEntry = memory.GetSyscallEntry(vcpu);
            }
            catch (XenException e) when (e.Id == XenErrorId.InvalidVCpu)
            {
                // The guest has not started it.
            }
        }

        foreach (PagingRegisters paging in _tables.ToArray()) AddKernelTables(paging);
    }

    /// <summary>Whether the kernel has not got so far that it has its code in place.</summary>
    /// <param name="kernel">Where its symbols say that it is; null: unknown.</param>
    public bool IsStarting(KernelImage? kernel) => _tables.Count == 0 || (kernel is not null && _syscallEntry == 0);

    /// <summary>Where the kernel really has something that its symbols name.</summary>
    /// <param name="range">Where it is according to them.</param>
    /// <param name="symbol">What it is called; null: it has no name, and is exactly there.</param>
    /// <param name="image">Where the kernel is according to them; null: exactly there.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.WrongSymbols"/>: they are the symbols of another kernel; or the kernel has moved, and this is not
    /// part of it, so nobody knows where it is.
    /// </exception>
    public AddressRange PlaceOf(AddressRange range, string? symbol, KernelImage? image)
    {
        if (image is null || SlideFrom(image) is not (var slide and not 0) || symbol is null) return range;
        if (range.First >= image.Extent.First && range.Last <= image.Extent.Last) return new AddressRange(unchecked(range.First + slide), unchecked(range.Last + slide));
        throw new XenException(
            XenErrorId.WrongSymbols,
            $"The guest's kernel is 0x{slide:x} from where its symbols say, and {symbol} is not part of it, as the code of modules is not.",
            "Give a copy of the guest's own /proc/kallsyms, made since it started.");
    }

    /// <summary>The guest physical address of an address of the kernel.</summary>
    /// <returns>False if no vCPU's tables have memory there.</returns>
    public bool TryTranslate(ulong address, out ulong physical)
    {
        foreach (PagingRegisters paging in _tables)
        {
            if (PageTables.TryTranslate(_memory, paging, address, out physical)) return true;
        }

        physical = 0;
        return false;
    }

    /// <summary>Finds an instruction of the kernel.</summary>
    /// <param name="address">Its linear address.</param>
    /// <param name="physical">Its guest physical address.</param>
    /// <param name="tables">CR3 of the tables that lead there.</param>
    /// <returns>False if no vCPU's tables have code of the kernel there.</returns>
    public bool TryFindCode(ulong address, out ulong physical, out ulong tables)
    {
        foreach (PagingRegisters paging in _tables)
        {
            tables = paging.Cr3;
            if (PageTables.TryTranslateKernelCode(_memory, paging, address, out physical)) return true;
        }

        physical = tables = 0;
        return false;
    }

    /// <summary>
    /// Whether the place of a breakpoint is still the kernel's code. If the kernel has freed it, what is there belongs to
    /// somebody else by now.
    /// </summary>
    public bool Has(BreakpointPlace place)
    {
        foreach (PagingRegisters paging in _tables)
        {
            if (Leads(paging with { Cr3 = place.Tables }) || Leads(paging)) return true;
        }

        return false;

        bool Leads(PagingRegisters paging) =>
            PageTables.TryTranslateKernelCode(_memory, paging, place.Address, out ulong physical) && physical == place.Physical;
    }

    /// <summary>How far the kernel is from where its symbols say.</summary>
    private ulong SlideFrom(KernelImage image)
    {
        long slide = unchecked((long)(_syscallEntry - image.SyscallEntry));
        if (slide % SlideStep == 0 && slide is > -LargestSlide and < LargestSlide) return unchecked((ulong)slide);
        throw new XenException(
            XenErrorId.WrongSymbols,
            $"The symbols are those of another kernel: they have entry_SYSCALL_64 at 0x{image.SyscallEntry:x}, and the guest's system calls enter at 0x{_syscallEntry:x}.",
            "Give the System.map of exactly the kernel that the guest runs, or a copy of its /proc/kallsyms.");
    }

    /// <summary>
    /// Adds the kernel's own tables beside a program's. Whether they are such tables, the entry of system calls shows,
    /// which both have.
    /// </summary>
    private void AddKernelTables(PagingRegisters program)
    {
        if (_syscallEntry == 0 || (program.Cr3 & ProgramTables) == 0) return;
        PagingRegisters kernel = program with { Cr3 = program.Cr3 & ~ProgramTables };
        if (PageTables.TryTranslateKernelCode(_memory, program, _syscallEntry, out ulong one)
            && PageTables.TryTranslateKernelCode(_memory, kernel, _syscallEntry, out ulong other)
            && one == other)
        {
            _tables.Add(kernel);
        }
    }
}
