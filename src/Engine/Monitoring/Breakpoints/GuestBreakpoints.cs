using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Memory;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The breakpoints in a guest's kernel: which watches want them, INT3 in the place of the guest's bytes, and how a vCPU
/// gets past one. Used by the pump's thread.
/// </summary>
/// <remarks>
/// A byte is set and given back while no vCPU runs. So whoever met INT3 has put its event into the channel by then, and
/// at its answer the guest simply executes what is there now.
/// </remarks>
internal sealed class GuestBreakpoints(IHypervisor hypervisor, XenDomain domain, IDomainMonitor monitor, Action<string>? warn)
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Looking after a byte takes some microseconds, in which no event is answered.</summary>
    private const int BytesPerLook = 32;

    /// <summary>By guest physical address.</summary>
    private readonly Dictionary<ulong, BreakpointByte> _bytes = [];

    private readonly Dictionary<ulong, BreakpointByte> _byAddress = [];
    private readonly Dictionary<BreakpointSites, List<BreakpointByte>> _users = [];
    private readonly List<(BreakpointSites Sites, long Due)> _waiting = [];
    private readonly List<BreakpointByte> _lifted = [];

    /// <summary>For each vCPU, the instruction that Xen was last asked to emulate, and where it met it.</summary>
    private readonly Dictionary<uint, (BreakpointByte Byte, ulong Rip)> _emulated = [];

    private readonly HashSet<string> _told = [];
    private readonly bool _tellsFailure = (monitor.Capabilities & MonitorCapabilities.EmulUnimplemented) != 0;
    private IDomainMemory? _memory;
    private long _looked;
    private int _nextByte;

    /// <summary>Whether the guest has one of its bytes back for a moment.</summary>
    public bool HasLifted => _lifted.Count > 0;

    /// <summary>When there is something to do next, in Stopwatch ticks; null: nothing.</summary>
    public long? NextTime =>
        _waiting.Count > 0 ? _waiting.Min(one => one.Due)
        : _bytes.Count > 0 ? After(_looked, LookPeriod)
        : null;

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
        if (unused.Length > 0) monitor.WhilePaused(() => GiveBack(unused));
    }

    /// <summary>Takes away all breakpoints. It can be repeated.</summary>
    public void RemoveAll()
    {
        _waiting.Clear();
        _users.Clear();
        if (_bytes.Count > 0) monitor.WhilePaused(() => GiveBack([.. _bytes.Values]));
    }

    /// <summary>Lets go of the domain's memory.</summary>
    /// <param name="isGone">The domain is gone, and what was in its memory with it.</param>
    public void Close(bool isGone)
    {
        if (isGone)
        {
            foreach (BreakpointByte one in _bytes.Values) one.Note.Remove();
        }

        _memory?.Dispose();
        _memory = null;
    }

    /// <summary>Does what is due: sets breakpoints that had to wait, and looks whether the others are still there.</summary>
    public void DoDue()
    {
        RestoreLifted();
        if (NextTime is not { } next || Stopwatch.GetTimestamp() < next) return;
        foreach ((BreakpointSites sites, long due) in _waiting.ToArray())
        {
            if (Stopwatch.GetTimestamp() >= due) TryAgain(sites);
        }

        LookAfterBytes();
    }

    /// <summary>Whether an INT3 is one that the guest put there itself, and expects to meet.</summary>
    public bool IsGuests(in RequestReader request)
    {
        if (_memory is null) return true;
        ulong physical = PhysicalOf(request);
        return !_bytes.ContainsKey(physical) && !IsGone(physical);
    }

    /// <summary>Makes a vCPU execute what the guest has in the place of INT3.</summary>
    /// <returns>False: the INT3 is the guest's own.</returns>
    /// <exception cref="XenException">The domain's memory cannot be read.</exception>
    public bool TryPass(in RequestReader request, VmEventResponse response, ResponseWriter writer)
    {
        if (_memory is null) return false;

        // It was given back, or the guest has put something else there: the vCPU executes that.
        ulong physical = PhysicalOf(request);
        if (IsGone(physical)) return true;
        if (!_bytes.TryGetValue(physical, out BreakpointByte? one)) return false;
        if (response.Registers.ContainsKey(SettableRegister.Rip)) return true;

        // Registers and an instruction have the same place in a response.
        Span<byte> code = stackalloc byte[VmEventResponse.InstructionDataSize];
        int count = ReadCode(request, code);
        if (!_tellsFailure || response.Registers.Count > 0 || count == 0 || IsHypercall(code))
        {
            Lift(one, request.VCpuId);
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
        if (_bytes.TryGetValue(PhysicalOf(request), out BreakpointByte? one)) _emulated[request.VCpuId] = (one, request.UInt64(VmEventField.Rip));
    }

    /// <summary>
    /// Xen could not emulate the instruction. So the guest has its byte back briefly, and nobody sees other executions
    /// meanwhile.
    /// </summary>
    /// <returns>False: it was another instruction.</returns>
    public bool TryLiftEmulated(in RequestReader request)
    {
        if (!_emulated.Remove(request.VCpuId, out (BreakpointByte Byte, ulong Rip) last) || last.Rip != request.UInt64(VmEventField.Rip)) return false;
        if (_bytes.GetValueOrDefault(last.Byte.Place.Physical) == last.Byte) Lift(last.Byte, request.VCpuId);
        return true;
    }

    /// <summary>
    /// Xen is about to emulate the instruction at RIP, and would take INT3 for it and give the guest an exception. So the
    /// guest has its byte back briefly.
    /// </summary>
    public void RevealTo(in RequestReader request)
    {
        if (_byAddress.TryGetValue(request.UInt64(VmEventField.Rip), out BreakpointByte? one)) Lift(one, request.VCpuId);
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
            if (original[0] != BreakpointRemoval.Int3 || _bytes.ContainsKey(physical)) places[physical] = new BreakpointPlace(address, physical, tables, original[0]);
        }

        List<BreakpointByte> bytes = _users[sites] = [];
        try
        {
            foreach (BreakpointPlace place in places.Values) Put(place, bytes, memory);
        }
        catch
        {
            Remove(sites);
            throw;
        }

        sites.Move(symbols);
        return true;
    }

    /// <summary>Puts INT3 in the place of a byte that the guest has there, unless it is there already for others.</summary>
    private void Put(BreakpointPlace place, List<BreakpointByte> bytes, IDomainMemory memory)
    {
        if (_bytes.TryGetValue(place.Physical, out BreakpointByte? known))
        {
            known.Users++;
            bytes.Add(known);
            return;
        }

        // The note comes first: a process can be killed at any moment.
        BreakpointByte one = new(place, monitor.NoteBreakpoint(place));
        bytes.Add(one);
        _bytes.Add(place.Physical, one);
        _byAddress[place.Address] = one;
        if (!memory.TryReplace(place.Physical, place.Original, BreakpointRemoval.Int3))
        {
            throw new XenException(
                XenErrorId.InvalidBreakpoint,
                $"No breakpoint can be set at 0x{place.Address:x}: that memory of {domain} cannot be written.",
                "Choose another place.");
        }
    }

    private void GiveBack(IReadOnlyCollection<BreakpointByte> bytes)
    {
        GuestKernel kernel = new(_memory!, domain.VCpus);
        foreach (BreakpointByte one in bytes)
        {
            BreakpointRemoval.GiveBack(_memory!, kernel, one.Place);
            one.Note.Remove();
            _bytes.Remove(one.Place.Physical);
            _byAddress.Remove(one.Place.Address);
            _lifted.Remove(one);
        }
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

    /// <summary>Gives the guest its own byte until a vCPU has run on.</summary>
    private void Lift(BreakpointByte one, uint vcpu)
    {
        if (one.Lift is null)
        {
            _memory!.TryReplace(one.Place.Physical, BreakpointRemoval.Int3, one.Place.Original);
            one.Lift = new BriefLift(monitor);
            _lifted.Add(one);
        }

        one.Lift.LetPass(vcpu);
    }

    private void RestoreLifted()
    {
        if (_lifted.Count == 0) return;
        foreach (BreakpointByte one in _lifted.Where(one => one.Lift!.IsOver).ToArray())
        {
            _lifted.Remove(one);
            one.Lift = null;
            if (!_memory!.TryReplace(one.Place.Physical, one.Place.Original, BreakpointRemoval.Int3)) continue; // Which is told.

            // A reset may have come before.
            if (!monitor.IsConnected) _memory.TryReplace(one.Place.Physical, BreakpointRemoval.Int3, one.Place.Original);
        }
    }

    /// <summary>The guest may patch its code, and with it a breakpoint.</summary>
    private void LookAfterBytes()
    {
        if (Stopwatch.GetElapsedTime(_looked) < LookPeriod) return;
        _looked = Stopwatch.GetTimestamp();
        if (_nextByte >= _bytes.Count) _nextByte = 0;
        foreach (BreakpointByte one in _bytes.Values.Skip(_nextByte).Take(BytesPerLook))
        {
            _nextByte++;
            if (one.IsTold || one.Lift is not null || !IsGone(one.Place.Physical)) continue;
            one.IsTold = true;
            warn?.Invoke($"{domain} has patched its own code at 0x{one.Place.Address:x}: the breakpoint there is gone.");
        }
    }

    /// <summary>Whether there is no INT3 at a guest physical address. What cannot be read may have one.</summary>
    private bool IsGone(ulong physical)
    {
        byte there = 0;
        return _memory!.TryRead(physical, new Span<byte>(ref there)) && there != BreakpointRemoval.Int3;
    }

    /// <summary>Reads the code at RIP as the guest has it.</summary>
    /// <returns>How many bytes there are.</returns>
    private int ReadCode(in RequestReader request, Span<byte> code)
    {
        ulong physical = PhysicalOf(request);
        int first = (int)Math.Min((ulong)code.Length, SharedMemory.PageSize - physical % SharedMemory.PageSize);
        if (!TryReadOriginal(physical, code[..first])) return 0;
        if (first == code.Length) return first;
        PagingRegisters paging = new(
            request.UInt64(VmEventField.Cr0), request.UInt64(VmEventField.Cr3), request.UInt64(VmEventField.Cr4), request.UInt64(VmEventField.MsrEfer));
        ulong next = unchecked(request.UInt64(VmEventField.Rip) + (ulong)first);
        return PageTables.TryTranslate(_memory!, paging, next, out physical) && TryReadOriginal(physical, code[first..]) ? code.Length : first;
    }

    private bool TryReadOriginal(ulong physical, Span<byte> into)
    {
        if (!_memory!.TryRead(physical, into)) return false;
        for (int i = 0; i < into.Length; i++)
        {
            if (into[i] == BreakpointRemoval.Int3 && _bytes.TryGetValue(physical + (ulong)i, out BreakpointByte? one)) into[i] = one.Place.Original;
        }

        return true;
    }

    private void TellOfStart() =>
        Tell($"{domain} has not started its kernel yet; breakpoints are set when it has. Linux patches its own code while it starts: a rule's 'after' keeps out of its way.");

    private void Tell(string what)
    {
        if (_told.Add(what)) warn?.Invoke(what);
    }

    private XenException NotCode(Breakpoint one, ulong address) => new(
        XenErrorId.InvalidBreakpoint,
        $"There is no code of the kernel of {domain} at {(one.Symbol is { } symbol ? $"{symbol}, 0x{address:x}" : $"0x{address:x}")}: nothing is mapped there, or it is data or a program's.",
        "Name an instruction of the kernel, with the symbols of exactly the kernel that the guest runs. A module has to be loaded first.");

    private static string NameOf(Breakpoint one) => one.Symbol ?? $"0x{one.Address:x}";
}
