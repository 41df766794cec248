using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// The bytes of a guest's code in whose place there is INT3: set, given back, and given back for a while. Used by the
/// pump's thread.
/// </summary>
internal sealed class BreakpointBytes(XenDomain domain, IDomainMonitor monitor, IDomainMemory memory, Action<string>? warn)
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Looking after a byte takes some microseconds, in which no event is answered.</summary>
    private const int BytesPerLook = 32;

    /// <summary>An instruction that writes code writes no more than this. A write tells only where it begins.</summary>
    private const int LongestWrite = 8;

    private readonly Dictionary<ulong, BreakpointByte> _byPhysical = [];
    private readonly Dictionary<ulong, BreakpointByte> _byAddress = [];
    private readonly List<BreakpointByte> _lifted = [];
    private long _looked;
    private int _nextByte;

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<BreakpointByte> All => _byPhysical.Values;

    /// <summary>Whether the guest has one of its bytes back for a moment.</summary>
    public bool HasLifted => _lifted.Count > 0;

    /// <summary>When to look after them next, in Stopwatch ticks; null: there is none.</summary>
    public long? NextLook => _byPhysical.Count > 0 ? _looked + (long)(LookPeriod.TotalSeconds * Stopwatch.Frequency) : null;

    /// <summary>The one at a guest physical address; null: there is none.</summary>
    public BreakpointByte? At(ulong physical) => _byPhysical.GetValueOrDefault(physical);

    /// <summary>The one at a linear address; null: there is none.</summary>
    public BreakpointByte? AtLinear(ulong address) => _byAddress.GetValueOrDefault(address);

    /// <summary>Puts INT3 in the place of a byte that the guest has there, unless it is there already for others.</summary>
    /// <param name="place">The byte.</param>
    /// <param name="isOpen">Its page is open: INT3 follows when it is closed.</param>
    /// <param name="users">Receives it, also if it cannot be set.</param>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidBreakpoint"/>: the memory cannot be written. Others.</exception>
    public void Put(BreakpointPlace place, bool isOpen, List<BreakpointByte> users)
    {
        if (_byPhysical.TryGetValue(place.Physical, out BreakpointByte? known))
        {
            known.Users++;
            users.Add(known);
            return;
        }

        // The note comes first: a process can be killed at any moment.
        BreakpointByte one = new(place) { IsRevealed = isOpen };
        if (!isOpen) one.Note = monitor.NoteBreakpoint(place);
        users.Add(one);
        _byPhysical.Add(place.Physical, one);
        _byAddress[place.Address] = one;
        if (isOpen || TrySet(one)) return;
        throw new XenException(
            XenErrorId.InvalidBreakpoint,
            $"No breakpoint can be set at 0x{place.Address:x}: that memory of {domain} cannot be written.",
            "Choose another place.");
    }

    /// <summary>Gives bytes back, while no vCPU runs.</summary>
    public void GiveBack(IReadOnlyCollection<BreakpointByte> bytes)
    {
        GuestKernel kernel = new(memory, domain.VCpus);
        foreach (BreakpointByte one in bytes)
        {
            if (At(one.Place.Physical) != one) continue;
            if (!HasOwn(one)) BreakpointRemoval.GiveBack(memory, kernel, one.Place);
            Forget(one);
        }
    }

    /// <summary>The domain is gone, and what was in its memory with it.</summary>
    public void ForgetAll()
    {
        foreach (BreakpointByte one in _byPhysical.Values.ToArray()) Forget(one);
    }

    /// <summary>Gives the guest its own byte until a vCPU has run on.</summary>
    public void Lift(BreakpointByte one, uint vcpu)
    {
        if (one.Lift is null)
        {
            Unset(one);
            one.Lift = new BriefLift(monitor);
            _lifted.Add(one);
        }

        one.Lift.LetPass(vcpu);
    }

    /// <summary>The same for all bytes of a page.</summary>
    public void LiftPage(ulong gfn, uint vcpu)
    {
        foreach (BreakpointByte one in InPage(gfn)) Lift(one, vcpu);
    }

    /// <summary>Sets those again whose vCPUs have run on.</summary>
    public void RestoreLifted()
    {
        if (_lifted.Count == 0) return;
        foreach (BreakpointByte one in _lifted.Where(one => one.Lift!.IsOver).ToArray())
        {
            _lifted.Remove(one);
            one.Lift = null;
            Restore(one); // If the guest has patched it, that is told.
        }
    }

    /// <summary>Gives the guest its own bytes of a page until <see cref="Conceal"/>.</summary>
    /// <param name="gfn">The page.</param>
    /// <param name="toWrites">
    /// The guest may write them. An INT3 that is there from now on is its own, and nobody may take it away.
    /// </param>
    public void Reveal(ulong gfn, bool toWrites)
    {
        foreach (BreakpointByte one in InPage(gfn))
        {
            Unset(one);
            one.IsRevealed = true;
            if (!toWrites) continue;
            one.Note?.Remove();
            one.Note = null;
        }
    }

    /// <summary>Sets the bytes of a page again. What the guest has written there stays as it wants it.</summary>
    /// <param name="gfn">The page.</param>
    /// <param name="writes">The offsets in the page at which writes began.</param>
    public void Conceal(ulong gfn, IReadOnlyList<ulong> writes)
    {
        foreach (BreakpointByte one in InPage(gfn))
        {
            one.IsRevealed = false;
            if (IsOverwritten(one, writes))
            {
                Forget(one);
                TellPatched(one);
                continue;
            }

            one.Note ??= monitor.NoteBreakpoint(one.Place);
            Restore(one);
        }
    }

    /// <summary>Reads the guest's code as the guest has it.</summary>
    public bool TryReadOriginal(ulong physical, Span<byte> into)
    {
        if (!memory.TryRead(physical, into)) return false;
        for (int i = 0; i < into.Length; i++)
        {
            if (into[i] == BreakpointRemoval.Int3 && At(physical + (ulong)i) is { } one && !HasOwn(one)) into[i] = one.Place.Original;
        }

        return true;
    }

    /// <summary>Whether there is no INT3 at a guest physical address. What cannot be read may have one.</summary>
    public bool IsGone(ulong physical)
    {
        byte there = 0;
        return memory.TryRead(physical, new Span<byte>(ref there)) && there != BreakpointRemoval.Int3;
    }

    /// <summary>Looks whether the guest has patched its code, and with it a breakpoint.</summary>
    public void LookAfter()
    {
        if (Stopwatch.GetElapsedTime(_looked) < LookPeriod) return;
        _looked = Stopwatch.GetTimestamp();
        if (_nextByte >= _byPhysical.Count) _nextByte = 0;
        foreach (BreakpointByte one in _byPhysical.Values.Skip(_nextByte).Take(BytesPerLook))
        {
            _nextByte++;
            if (one.IsTold || one.Lift is not null || one.IsRevealed || !IsGone(one.Place.Physical)) continue;
            one.IsTold = true;
            TellPatched(one);
        }
    }

    private BreakpointByte[] InPage(ulong gfn) => [.. _byPhysical.Values.Where(one => one.Gfn == gfn)];

    /// <summary>Whether the guest has its own byte for a while. Then an INT3 there is its own.</summary>
    private static bool HasOwn(BreakpointByte one) => one.Lift is not null || one.IsRevealed;

    private bool TrySet(BreakpointByte one) => memory.TryReplace(one.Place.Physical, one.Place.Original, BreakpointRemoval.Int3);

    private void Unset(BreakpointByte one)
    {
        if (!HasOwn(one)) memory.TryReplace(one.Place.Physical, BreakpointRemoval.Int3, one.Place.Original);
    }

    private void Restore(BreakpointByte one)
    {
        if (HasOwn(one) || !TrySet(one)) return;

        // A reset may have come before.
        if (!monitor.IsConnected) Unset(one);
    }

    /// <summary>Whether the guest has written a byte, perhaps with the value that it had.</summary>
    private bool IsOverwritten(BreakpointByte one, IReadOnlyList<ulong> writes)
    {
        byte there = 0;
        if (memory.TryRead(one.Place.Physical, new Span<byte>(ref there)) && there != one.Place.Original) return true;
        ulong offset = one.Place.Physical % SharedMemory.PageSize;
        return writes.Any(write => write <= offset && offset - write < LongestWrite);
    }

    private void Forget(BreakpointByte one)
    {
        one.Note?.Remove();
        _byPhysical.Remove(one.Place.Physical);
        if (AtLinear(one.Place.Address) == one) _byAddress.Remove(one.Place.Address);
        _lifted.Remove(one);
    }

    private void TellPatched(BreakpointByte one) =>
        warn?.Invoke($"{domain} has patched its own code at 0x{one.Place.Address:x}: the breakpoint there is gone.");
}
