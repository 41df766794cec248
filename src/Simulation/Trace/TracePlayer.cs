using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// Decides which vCPU raises the next event of a domain's trace, and when: in the trace's order over all vCPUs, at its
/// pace or as fast as the listener answers. It begins once the domain is watched. Used by the vCPUs' threads.
/// </summary>
internal sealed class TracePlayer
{
    /// <summary>
    /// A listener that switches several things on makes no further call for this long when it has finished.
    /// </summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(100);

    /// <summary>How often to check whether the domain is watched.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate;
    private readonly SimulatedDomain _domain;
    private readonly IEnumerator<TraceEntry> _entries;
    private readonly bool _isFast;
    private long? _began;
    private int _underWay;
    private bool _hasNext;

    public TracePlayer(SimulatedDomain domain, IEnumerable<TraceEntry> entries, bool isFast)
    {
        _domain = domain;
        _gate = domain.Host.CreateGate();
        _entries = entries.GetEnumerator();
        _isFast = isFast;
        _hasNext = TryMove();
    }

    /// <summary>Takes the next event if it is this vCPU's and due.</summary>
    /// <returns>Zero: it was taken. Otherwise when to ask again, unless woken before.</returns>
    public TimeSpan Take(SimulatedVCpu vcpu, out TraceEntry entry)
    {
        lock (_gate)
        {
            entry = default;
            if (!_hasNext || NextVCpu != vcpu) return Timeout.InfiniteTimeSpan;
            if (_began is null)
            {
                if (!_domain.IsWatchedSince(Settling)) return Look;
                _began = Stopwatch.GetTimestamp();
            }

            TimeSpan left = _isFast ? TimeSpan.Zero : _entries.Current.Time - Stopwatch.GetElapsedTime(_began.Value);
            if (left > TimeSpan.Zero) return left;
            entry = _entries.Current;
            _underWay++;
            return TimeSpan.Zero;
        }
    }

    /// <summary>The event that was taken has been raised, or nobody wants it: the next event's turn.</summary>
    public void Advance()
    {
        lock (_gate)
        {
            _hasNext = TryMove();
            if (_hasNext) NextVCpu.Wake();
        }
    }

    /// <summary>An event that was taken has been answered. After the last one the domain ends.</summary>
    public void CountAnswered()
    {
        lock (_gate)
        {
            if (--_underWay > 0 || _hasNext) return;
        }

        _domain.ShutDown(DomainState.Replayed);
    }

    /// <summary>Closes the trace.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _hasNext = false;
            _entries.Dispose();
        }
    }

    private SimulatedVCpu NextVCpu => _domain.VCpus[(int)new RequestReader(_entries.Current.Request.Span, _domain.Layout).VCpuId];

    private bool TryMove()
    {
        try
        {
            return _entries.MoveNext();
        }
        catch (XenException)
        {
            // The file has become unreadable: the trace ends here.
            return false;
        }
    }
}

/// <summary>An event of a recording, to be raised again.</summary>
/// <param name="Time">When, since the beginning of the recording.</param>
/// <param name="Request">The recorded request, in the host's interface version.</param>
public readonly record struct TraceEntry(TimeSpan Time, ReadOnlyMemory<byte> Request);
