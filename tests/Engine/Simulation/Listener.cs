using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Tests.Simulation;

/// <summary>Puts what it wants into a response, beside what every response repeats.</summary>
internal delegate void Compose(RequestReader request, ResponseWriter response);

/// <summary>A small listener, written against the seam alone: one event after another, answered when the test says so.</summary>
internal sealed class Listener : IDisposable
{
    /// <summary>Longer than anything takes on the slowest machine: reached only when something never comes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly VmEventLayout _layout;
    private readonly BackRing _ring;
    private readonly VCpuSlots? _slots;
    private readonly byte[] _buffer;
    private readonly uint[] _signalled;
    private readonly HashSet<int> _taken = [];

    public Listener(IHypervisor host, IDomainMonitor monitor)
    {
        Monitor = monitor;
        _layout = host.Layout;
        _ring = new BackRing(monitor.Ring, _layout, answered: monitor.Channel == ChannelKind.Ring);
        if (monitor.Slots is { } slots) _slots = new VCpuSlots(slots, _layout, monitor.Ports.SlotPorts.Count);
        _buffer = new byte[_layout.Size];
        _signalled = new uint[monitor.Ports.SlotPorts.Count + 1];
    }

    public Listener(IHypervisor host, string domain, ChannelPreference channel)
        : this(host, host.EnableMonitor(host.FindDomain(domain), channel))
    {
    }

    public IDomainMonitor Monitor { get; }

    public long Lost => _ring.Lost;

    /// <summary>The next event, waited for.</summary>
    public Event Next() => TryNext(Patience) ?? throw new TimeoutException("No event came.");

    /// <summary>The next event; null when none comes in time.</summary>
    public Event? TryNext(TimeSpan timeout)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Poll() is { } seen) return seen;
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) return null;
            int count = Monitor.Ports.Wait(_signalled, left);
            Monitor.Ports.Unmask(_signalled.AsSpan(0, count));
        }
    }

    /// <summary>Answers an event. An event of the unanswered ring gets none.</summary>
    public void Answer(Event seen, VmEventFlags flags = VmEventFlags.None, Compose? compose = null)
    {
        if (_slots is null)
        {
            Write(_ring.NextResponse(), seen, flags, compose);
            _ring.Publish();
            Monitor.Ports.Notify(Monitor.Ports.RingPort);
        }
        else if (seen.IsSynchronous)
        {
            Write(_slots.Message(seen.VCpu), seen, flags, compose);
            _taken.Remove(seen.VCpu);
            _slots.SetState(seen.VCpu, SlotState.Finish);
            Monitor.Ports.Notify(Monitor.Ports.SlotPorts[seen.VCpu]);
        }
    }

    /// <summary>Answers so that the guest goes on behind the instruction or past the page access, whatever it was.</summary>
    public void Resolve(Event seen)
    {
        switch (seen.Kind)
        {
            case VmEventKind.MemAccess:
                Monitor.SetMemAccess(MemAccess.Rwx, seen[VmEventField.MemAccessGfn], 1);
                Answer(seen);
                break;
            case VmEventKind.SoftwareBreakpoint:
                Monitor.InjectTrap((uint)seen.VCpu, new TrapInjection(3, 6, 1));
                Answer(seen);
                break;
            case VmEventKind.DebugException:
                if (seen.IsSynchronous) Monitor.InjectTrap((uint)seen.VCpu, new TrapInjection(1, 3, 0));
                Answer(seen);
                break;
            case VmEventKind.Cpuid: Skip(seen, 2); break;
            case VmEventKind.Io: Skip(seen, 1); break;
            case VmEventKind.DescriptorAccess: Answer(seen, VmEventFlags.Emulate); break;
            default: Answer(seen); break;
        }
    }

    /// <summary>Answers so that the vCPU runs on behind the instruction.</summary>
    public void Skip(Event seen, uint length) => Answer(seen, VmEventFlags.SetRegisters, (request, response) =>
    {
        response.CopyRegisters(request);
        response.Set(VmEventField.Rip, request.UInt64(VmEventField.Rip) + length);
    });

    /// <summary>Resolves events until the task is done.</summary>
    public void ResolveUntil(Task done)
    {
        long start = Stopwatch.GetTimestamp();
        while (!done.IsCompleted)
        {
            if (TryNext(TimeSpan.FromMilliseconds(2)) is { } seen) Resolve(seen);
            if (Stopwatch.GetElapsedTime(start) > Patience) throw new TimeoutException("The guest did not get on.");
        }

        done.Finish();
    }

    public void Dispose() => Monitor.Dispose();

    private void Write(Span<byte> bytes, Event seen, VmEventFlags flags, Compose? compose)
    {
        var response = new ResponseWriter(bytes, _layout);
        response.Begin(seen.View);
        response.AddFlags(flags);
        if (seen.Kind == VmEventKind.MemAccess)
        {
            response.Copy(seen.View, VmEventField.MemAccessGfn);
            response.Copy(seen.View, VmEventField.MemAccessFlags);
        }

        if (seen.Kind == VmEventKind.WriteControlRegister) response.Copy(seen.View, VmEventField.ControlRegisterIndex);
        compose?.Invoke(seen.View, response);
    }

    private Event? Poll()
    {
        if (_ring.TryRead(_buffer)) return new Event([.. _buffer], _layout);
        for (int i = 0; i < _slots?.Count; i++)
        {
            if (_slots.StateOf(i) != SlotState.Submit || _taken.Contains(i)) continue;
            _taken.Add(i);
            return new Event(_slots.Message(i).ToArray(), _layout);
        }

        return null;
    }
}
