using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Memory;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The breakpoints in a guest's kernel: which watches want them, and how a vCPU gets past one. Used by the pump's thread.
/// </summary>
/// <remarks>
/// A byte is set and given back while no vCPU runs. So whoever met INT3 has put its event into the channel by then, and
/// at its answer the guest simply executes what is there now.
/// </remarks>
internal sealed class GuestBreakpoints(
    IHypervisor hypervisor, XenDomain domain, IDomainMonitor monitor, SessionViews views, EventSwitches switches, MonitorOptions options)
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<BreakpointSites, List<BreakpointByte>> _users = [];
    private readonly List<(BreakpointSites Sites, long Due)> _waiting = [];

    /// <summary>For each vCPU, the instruction that Xen was last asked to emulate, and where it met it.</summary>
    private readonly Dictionary<uint, (BreakpointByte Byte, ulong Rip)> _emulated = [];

    private readonly HashSet<string> _told = [];
    private readonly bool _tellsFailure = (monitor.Capabilities & MonitorCapabilities.EmulUnimplemented) != 0;
    private IDomainMemory? _memory;

    /// <summary>Null like the memory, until there is a first watch.</summary>
    private BreakpointBytes? _bytes;

    private HiddenPages? _hidden;

    /// <summary>Whether the guest has one of its bytes back for a moment.</summary>
    public bool HasLifted => _bytes is { HasLifted: true };

    /// <summary>When there is something to do next, in Stopwatch ticks; null: nothing.</summary>
    public long? NextTime
    {
        get
        {
            long? next = _waiting.Count > 0 ? _waiting.Min(one => one.Due) : _bytes?.NextLook;
            return _hidden?.NextTime is { } close && !(close >= next) ? close : next;
        }
    }

    /// <summary>Sets the breakpoints of a watch, or none of them if it fails.</summary>
    /// <remarks>If the guest has not started its kernel, they are set as soon as it has.</remarks>
    /// <param name="sites">Where they are; they move to where the guest has them.</param>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidBreakpoint"/> and others.</exception>
    public void Add(BreakpointSites sites)
    {
        if (TrySet(sites)) return;
        TellOfStart();
        _waiting.Add((sites, After(Stopwatch.GetTimestamp(), RetryPeriod)));
    }

    /// <summary>Takes away the breakpoints of a watch that no other wants.</summary>
    public void Remove(BreakpointSites sites)
    {
        _waiting.RemoveAll(one => one.Sites == sites);
        if (!_users.Remove(sites, out List<BreakpointByte>? bytes)) return;
        BreakpointByte[] unused = [.. bytes.Where(one => --one.Users == 0)];
        if (unused.Length > 0) monitor.WhilePaused(() => _bytes!.GiveBack(unused));
        _hidden!.Remove(sites);
    }

    /// <summary>Takes away all breakpoints. It can be repeated.</summary>
    public void RemoveAll()
    {
        _waiting.Clear();
        _users.Clear();
        if (_bytes is { All.Count: > 0 } bytes) monitor.WhilePaused(() => bytes.GiveBack([.. bytes.All]));
    }

    /// <summary>Gives the pages back that had hidden breakpoints, after <see cref="RemoveAll"/>.</summary>
    public void StopHiding() => _hidden?.RemoveAll();

    /// <summary>Lets go of the domain's memory.</summary>
    /// <param name="isGone">The domain is gone, and what was in its memory with it.</param>
    public void Close(bool isGone)
    {
        if (isGone) _bytes?.ForgetAll();
        _memory?.Dispose();
        _memory = null;
    }

    /// <summary>Does what is due: sets breakpoints that had to wait, and looks whether the others are still there.</summary>
    public void DoDue()
    {
        _bytes?.RestoreLifted();
        if (NextTime is not { } next || Stopwatch.GetTimestamp() < next) return;
        foreach ((BreakpointSites sites, long due) in _waiting.ToArray())
        {
            if (Stopwatch.GetTimestamp() >= due) TryAgain(sites);
        }

        _hidden?.CloseDue();
        _bytes?.LookAfter();
    }

    /// <summary>Whether an INT3 is one that the guest put there itself, and expects to meet.</summary>
    public bool IsGuests(in RequestReader request)
    {
        if (_bytes is null) return true;
        ulong physical = PhysicalOf(request);
        return _bytes.At(physical) is null && !_bytes.IsGone(physical);
    }

    /// <summary>Makes a vCPU execute what the guest has in the place of INT3.</summary>
    /// <returns>False: the INT3 is the guest's own.</returns>
    /// <exception cref="XenException">The domain's memory cannot be read.</exception>
    public bool TryPass(in RequestReader request, VmEventResponse response, ResponseWriter writer)
    {
        if (_bytes is null) return false;

        // It was given back, or the guest has put something else there: the vCPU executes that. But if it comes back soon,
        // the vCPU must not meet it twice.
        ulong physical = PhysicalOf(request);
        BreakpointByte? one = _bytes.At(physical);
        if (one is not { IsRevealed: true } && _bytes.IsGone(physical))
        {
            one?.Lift?.LetPass(request.VCpuId);
            return true;
        }

        if (one is null) return false;
        if (response.Registers.ContainsKey(SettableRegister.Rip)) return true;

        // Registers and an instruction have the same place in a response.
        Span<byte> code = stackalloc byte[VmEventResponse.InstructionDataSize];
        int count = ReadCode(request, code);
        if (!_tellsFailure || response.Registers.Count > 0 || count == 0 || IsHypercall(code))
        {
            _bytes.Lift(one, request.VCpuId);
            return true;
        }

        writer.SetInstructionData(code[..count]);
        writer.AddFlags(VmEventFlags.Emulate | VmEventFlags.SetEmulInsnData);
        NoteEmulated(request);
        return true;
    }

    /// <summary>An answer has Xen emulate another instruction in the place of INT3.</summary>
    public void NoteEmulated(in RequestReader request)
    {
        if (_bytes?.At(PhysicalOf(request)) is { } one) _emulated[request.VCpuId] = (one, request.UInt64(VmEventField.Rip));
    }

    /// <summary>
    /// Xen could not emulate the instruction. So the guest has its byte back briefly, and nobody sees other executions
    /// meanwhile.
    /// </summary>
    /// <returns>False: it was another instruction.</returns>
    public bool TryLiftEmulated(in RequestReader request)
    {
        if (!_emulated.Remove(request.VCpuId, out (BreakpointByte Byte, ulong Rip) last) || last.Rip != request.UInt64(VmEventField.Rip)) return false;
        if (_bytes!.At(last.Byte.Place.Physical) == last.Byte) _bytes.Lift(last.Byte, request.VCpuId);
        return true;
    }

    /// <summary>
    /// Xen is about to emulate the instruction at RIP, and would take INT3 for it and give the guest an exception. So the
    /// guest has its byte back briefly.
    /// </summary>
    public void RevealTo(in RequestReader request)
    {
        if (_bytes?.AtLinear(request.UInt64(VmEventField.Rip)) is { } one) _bytes.Lift(one, request.VCpuId);
    }

    /// <summary>Whether breakpoints are hidden in the page of an access.</summary>
    public bool Hides(in RequestReader access) => _hidden is not null && _hidden.Has(access.UInt64(VmEventField.MemAccessGfn));

    /// <summary>
    /// Makes a vCPU do its access to a page with hidden breakpoints in a single step, in which the page has the guest's own
    /// bytes.
    /// </summary>
    /// <returns>False: it has to be done in another way.</returns>
    public bool TryStepOver(in RequestReader access, VmEventResponse response)
    {
        PageAccess kind = (PageAccess)access.UInt32(VmEventField.MemAccessFlags) & (PageAccess.Read | PageAccess.Write);
        if (!Hides(access) || kind == PageAccess.None) return false;
        if (response.ToggleSingleStep || response.FastSingleStepView is not null)
        {
            RevealToEmulator(access);
            return false;
        }

        _hidden!.StepOver(access.UInt64(VmEventField.MemAccessGfn), access.VCpuId, kind, access.UInt64(VmEventField.MemAccessOffset));
        return true;
    }

    /// <summary>The same for an access that Xen was asked to emulate and cannot. Nobody knows any more what it is.</summary>
    public bool TryStepOver(ulong? gfn, uint vcpu)
    {
        if (gfn is not { } page || _hidden is null || !_hidden.Has(page)) return false;
        _hidden.StepOver(page, vcpu, PageAccess.Read | PageAccess.Write, offset: null);
        return true;
    }

    /// <summary>A vCPU has done a single step.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="switchesOver">The response toggles its stepping.</param>
    public void EndStep(uint vcpu, bool switchesOver) => _hidden?.EndStep(vcpu, switchesOver);

    /// <summary>
    /// Xen is about to emulate an access to a page with hidden breakpoints, and reads what is there. So the guest has its
    /// bytes back briefly.
    /// </summary>
    public void RevealToEmulator(in RequestReader access)
    {
        if (Hides(access)) _bytes!.LiftPage(access.UInt64(VmEventField.MemAccessGfn), access.VCpuId);
    }

    private static ulong PhysicalOf(in RequestReader request) =>
        request.UInt64(VmEventField.BreakpointGfn) * SharedMemory.PageSize + request.UInt64(VmEventField.Rip) % SharedMemory.PageSize;

    private static long After(long time, TimeSpan span) => time + (long)(span.TotalSeconds * Stopwatch.Frequency);

    /// <summary>VMCALL and VMMCALL: Xen's emulator takes them for invalid.</summary>
    private static bool IsHypercall(ReadOnlySpan<byte> code) => code is [0x0f, 0x01, 0xc1 or 0xd9, ..];

    /// <returns>False: the guest has not started its kernel.</returns>
    private bool TrySet(BreakpointSites sites)
    {
        if (_memory is null)
        {
            _memory = hypervisor.OpenMemory(domain);
            _bytes = new BreakpointBytes(domain, monitor, _memory, options.Warn);
            _hidden = new HiddenPages(domain, _bytes, views, switches, options);
            using IDomainControl control = hypervisor.Control(domain);
            BreakpointRemoval.Run(hypervisor, domain, control, ofTheLiving: false);
        }

        bool isSet = false;
        monitor.WhilePaused(() => isSet = TrySet(sites, _memory));
        if (!isSet || monitor.IsConnected) return isSet;

        // A reset takes away what it finds, and may have come before.
        Remove(sites);
        throw new XenException(XenErrorId.SessionEnded, $"Another program disabled the monitor of {domain}.", "Find out which program it is, and start the session again.");
    }

    private bool TrySet(BreakpointSites sites, IDomainMemory memory)
    {
        GuestKernel kernel = new(memory, domain.VCpus);
        if (kernel.IsStarting(sites.Watch.Kernel)) return false;
        Dictionary<ulong, string?> symbols = [];
        Dictionary<ulong, BreakpointPlace> places = [];
        byte[] original = new byte[1];
        foreach (Breakpoint one in sites.Watch.At)
        {
            ulong address = kernel.PlaceOf(new AddressRange(one.Address), one.Symbol, sites.Watch.Kernel).First;
            if (!kernel.TryFindCode(address, out ulong physical, out ulong tables) || !memory.TryRead(physical, original)) throw NotCode(one, address);
            symbols[address] = one.Symbol;
            if (original[0] != BreakpointRemoval.Int3 || _bytes!.At(physical) is not null) places[physical] = new BreakpointPlace(address, physical, tables, original[0]);
        }

        List<BreakpointByte> bytes = _users[sites] = [];
        try
        {
            if (sites.Watch.Hide) _hidden!.Add(sites, places.Keys.Select(physical => physical / SharedMemory.PageSize));
            foreach (BreakpointPlace place in places.Values) _bytes!.Put(place, _hidden!.IsOpen(place.Physical / SharedMemory.PageSize), bytes);
        }
        catch
        {
            Remove(sites);
            throw;
        }

        sites.Move(symbols);
        return true;
    }

    private void TryAgain(BreakpointSites sites)
    {
        _waiting.RemoveAll(one => one.Sites == sites);
        TimeSpan pause = RetryPeriod;
        try
        {
            if (TrySet(sites)) return;
            TellOfStart();
        }
        catch (XenException e)
        {
            Tell($"The breakpoints at {string.Join(", ", sites.Watch.At.Take(3).Select(NameOf))}{(sites.Watch.At.Count > 3 ? ", ..." : "")} of {domain} cannot be set yet. {e.Message} {e.Remedy}");
            pause = TimeSpan.FromSeconds(1);
        }

        _waiting.Add((sites, After(Stopwatch.GetTimestamp(), pause)));
    }

    /// <summary>Reads the code at RIP as the guest has it.</summary>
    /// <returns>How many bytes there are.</returns>
    private int ReadCode(in RequestReader request, Span<byte> code)
    {
        ulong physical = PhysicalOf(request);
        int first = (int)Math.Min((ulong)code.Length, SharedMemory.PageSize - physical % SharedMemory.PageSize);
        if (!_bytes!.TryReadOriginal(physical, code[..first])) return 0;
        if (first == code.Length) return first;
        PagingRegisters paging = new(
            request.UInt64(VmEventField.Cr0), request.UInt64(VmEventField.Cr3), request.UInt64(VmEventField.Cr4), request.UInt64(VmEventField.MsrEfer));
        ulong next = unchecked(request.UInt64(VmEventField.Rip) + (ulong)first);
        return PageTables.TryTranslate(_memory!, paging, next, out physical) && _bytes!.TryReadOriginal(physical, code[first..]) ? code.Length : first;
    }

    private void TellOfStart() =>
        Tell($"{domain} has not started its kernel yet; breakpoints are set when it has. Linux patches its own code while it starts: a rule's 'after' keeps out of its way.");

    private void Tell(string what)
    {
        if (_told.Add(what)) options.Warn?.Invoke(what);
    }

    private XenException NotCode(Breakpoint one, ulong address) => new(
        XenErrorId.InvalidBreakpoint,
        $"There is no code of the kernel of {domain} at {(one.Symbol is { } symbol ? $"{symbol}, 0x{address:x}" : $"0x{address:x}")}: nothing is mapped there, or it is data or a program's.",
        "Name an instruction of the kernel, with the symbols of exactly the kernel that the guest runs. A module has to be loaded first.");

    private static string NameOf(Breakpoint one) => one.Symbol ?? $"0x{one.Address:x}";
}
