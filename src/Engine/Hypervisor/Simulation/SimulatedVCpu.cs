using System.Collections.Concurrent;
using System.Diagnostics;
using XenVmEvent.Abi;

namespace XenVmEvent.Hypervisor.Simulation;

/// <summary>A vCPU of a simulated domain: a thread that executes its workload, and what it is told to.</summary>
public sealed class SimulatedVCpu
{
    private const int StackBytes = 256 * 1024;
    private const long NanosecondsPerStep = 100;

    private readonly SimulatedDomain _domain;
    private readonly Processor _processor;
    private readonly Random _random;
    private readonly WakeSignal _wake = new();
    private readonly ConcurrentQueue<(IReadOnlyList<GuestAction> Actions, TaskCompletionSource Done)> _scripts = new();
    private readonly long[] _exceptions = new long[256];
    private Thread? _thread;
    private int _pauseCount;
    private volatile bool _blocked;
    private volatile bool _queued;
    private volatile bool _ending;
    private bool _nextInterrupt;
    private SimulatedPorts? _signalTo;
    private int _signal;
    private long _rounds;
    private long _instructions;
    private long _events;
    private long _runTime;

    internal SimulatedVCpu(SimulatedDomain domain, int id, int seed)
    {
        _domain = domain;
        Id = id;
        Registers = new GuestRegisters(id);
        Request = new EventRequest(domain.Layout, id, Registers);
        Answer = new PendingAnswer(domain.Layout);
        _random = new Random(seed);
        _processor = new Processor(domain, this);
    }

    /// <summary>The vCPU id, from 0 on.</summary>
    public int Id { get; }

    /// <summary>Rounds of the workload done.</summary>
    public long Rounds => Volatile.Read(ref _rounds);

    /// <summary>Instructions done.</summary>
    public long Instructions => Volatile.Read(ref _instructions);

    /// <summary>Events raised.</summary>
    public long Events => Volatile.Read(ref _events);

    /// <summary>Whether it stands still for an event that is not answered.</summary>
    public bool IsPaused => Volatile.Read(ref _pauseCount) > 0;

    /// <summary>Whether it stands still because the ring has no room: after an event that wants no answer, or with one that it could not put in.</summary>
    public bool IsBlocked => _blocked || _queued;

    /// <summary>Whether each instruction raises an event, as far as the domain's monitor watches single steps.</summary>
    public bool IsSingleStepping { get; private set; }

    internal GuestRegisters Registers { get; }

    internal EventRequest Request { get; }

    internal PendingAnswer Answer { get; }

    internal ulong RunTime => (ulong)Volatile.Read(ref _runTime);

    /// <summary>How many exceptions of a vector the guest was given: 1 for #DB, 3 for #BP, 6 for #UD.</summary>
    public long GetExceptions(byte vector) => Volatile.Read(ref _exceptions[vector]);

    /// <summary>The value of a control register.</summary>
    public ulong GetControlRegister(ControlRegister register) => Registers[register];

    /// <summary>The value of a model specific register; 0 when it was never written.</summary>
    public ulong GetMsr(uint msr)
    {
        lock (_domain.Gate) return Registers.Msrs.GetValueOrDefault(msr);
    }

    /// <summary>Has the vCPU execute instructions, after those that it was told before and before the next round of its workload.</summary>
    /// <returns>Done when the last of them is; cancelled when the vCPU ended first.</returns>
    public Task RunAsync(params IReadOnlyList<GuestAction> actions)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _scripts.Enqueue((actions, done));
        _domain.Start();
        _wake.Set();
        if (_ending) CancelScripts();
        return done.Task;
    }

    internal void Start()
    {
        _thread = new Thread(Live, StackBytes) { IsBackground = true, Name = $"{_domain.Name} vCPU {Id}" };
        _thread.Start();
    }

    /// <summary>Has the thread end, without waiting for it.</summary>
    internal void End()
    {
        _ending = true;
        _wake.Set();
        CancelScripts();
    }

    internal void Join() => _thread?.Join();

    /// <summary>Sends the request to the listener. Under the domain's gate, which is left while there is no room.</summary>
    /// <returns>False when nobody listens: the vCPU does as if the event were not watched.</returns>
    internal bool Send(bool sync)
    {
        if (_domain.Delivery is not { } delivery) return false;
        if (!delivery.TryReserve(this))
        {
            WaitForRoom();
            if (_ending) return true;
            if (_domain.Delivery != delivery) return false;
        }

        if (sync)
        {
            Request.Set(VmEventField.Flags, (ulong)VmEventFlags.VCpuPaused);
            _pauseCount++;
        }

        _events++;
        _signal = delivery.Put(this, sync);
        _signalTo = delivery.Ports;
        _domain.InjectFaults(this, delivery);
        return true;
    }

    /// <summary>Signals the event sent last, if it is not yet.</summary>
    internal void SignalEvent()
    {
        if (_signalTo is not { } ports) return;
        _signalTo = null;
        ports.Signal(_signal);
    }

    /// <returns>False when the vCPU ends.</returns>
    internal bool WaitUntilRunnable()
    {
        while (!_ending && (IsPaused || _blocked)) _wake.Wait(Timeout.InfiniteTimeSpan);
        return !_ending;
    }

    /// <summary>Does what a response asks for, if the vCPU waits for one. Under the domain's gate.</summary>
    internal void TakeAnswer(RequestView response)
    {
        if (!IsPaused) return;
        VmEventFlags flags = response.Flags;
        Answer.Emulate(response, (flags & VmEventFlags.Emulate) != 0 && _domain.MayEmulate(response));
        if ((flags & VmEventFlags.Deny) != 0) Answer.Deny(response);
        if ((flags & VmEventFlags.ToggleSingleStep) != 0) IsSingleStepping = !IsSingleStepping;
        if ((flags & VmEventFlags.SetRegisters) != 0) Answer.TakeRegisters(response);
        if ((flags & VmEventFlags.GetNextInterrupt) != 0) _nextInterrupt = true;
        if ((flags & VmEventFlags.VCpuPaused) != 0 && Interlocked.Decrement(ref _pauseCount) == 0) _wake.Set();
    }

    /// <summary>Stops the vCPU until the ring has room. Under the domain's gate.</summary>
    /// <returns>False when it is stopped so already.</returns>
    internal bool Block()
    {
        if (_blocked) return false;
        return _blocked = true;
    }

    /// <returns>False when it was not blocked.</returns>
    internal bool Unblock()
    {
        if (!_blocked) return false;
        _blocked = false;
        _wake.Set();
        return true;
    }

    /// <summary>The ring has room, reserved for this vCPU. Under the domain's gate.</summary>
    internal void GrantRoom()
    {
        _queued = false;
        _wake.Set();
    }

    /// <summary>Resumes it from every event that waits for an answer. Under the domain's gate.</summary>
    internal void ResumeAll()
    {
        Volatile.Write(ref _pauseCount, 0);
        _wake.Set();
    }

    /// <summary>Whether an event was asked for the interrupt taken now.</summary>
    internal bool TakeNextInterruptRequest() => Interlocked.Exchange(ref _nextInterrupt, false);

    internal void CountRun() => Volatile.Write(ref _runTime, _runTime + NanosecondsPerStep);

    internal void CountInstruction() => Volatile.Write(ref _instructions, _instructions + 1);

    internal void CountException(byte vector) => Volatile.Write(ref _exceptions[vector], _exceptions[vector] + 1);

    private void WaitForRoom()
    {
        _queued = true;
        _domain.Gate.Exit();
        while (!_ending && _queued) _wake.Wait(Timeout.InfiniteTimeSpan);
        _domain.Gate.Enter();
    }

    private void Live()
    {
        TimeSpan period = _domain.RoundPeriod;
        long due = Stopwatch.GetTimestamp();
        while (!_ending)
        {
            if (_scripts.TryDequeue(out (IReadOnlyList<GuestAction> Actions, TaskCompletionSource Done) script))
            {
                RunScript(script.Actions, script.Done);
                continue;
            }

            TimeSpan left = RestOf(period, due);
            if (left != TimeSpan.Zero)
            {
                _wake.Wait(left);
                continue;
            }

            due = Math.Max(due, Stopwatch.GetTimestamp() - Stopwatch.Frequency) + (long)(period.TotalSeconds * Stopwatch.Frequency);
            RunRound();
        }

        CancelScripts();
    }

    private TimeSpan RestOf(TimeSpan period, long due)
    {
        if (_domain.Workload.Round.Count == 0) return Timeout.InfiniteTimeSpan;
        long left = due - Stopwatch.GetTimestamp();
        return period == TimeSpan.Zero || left <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)left / Stopwatch.Frequency);
    }

    private void RunRound()
    {
        IReadOnlyList<GuestActionKind> round = _domain.Workload.Round;
        for (int i = 0; i < round.Count; i++)
        {
            if (!_processor.Execute(Workload.Choose(round[i], _random, Registers, _domain.Memory.Pages))) return;
        }

        Volatile.Write(ref _rounds, _rounds + 1);
    }

    private void RunScript(IReadOnlyList<GuestAction> actions, TaskCompletionSource done)
    {
        foreach (GuestAction action in actions)
        {
            if (_processor.Execute(action)) continue;
            done.TrySetCanceled();
            return;
        }

        done.TrySetResult();
    }

    private void CancelScripts()
    {
        while (_scripts.TryDequeue(out (IReadOnlyList<GuestAction> Actions, TaskCompletionSource Done) script)) script.Done.TrySetCanceled();
    }
}
