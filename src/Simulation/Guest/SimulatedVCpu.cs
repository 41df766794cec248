using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Simulation;

/// <summary>
/// A vCPU of a simulated domain. It executes its workload, and whatever it is told to, on its own thread.
/// </summary>
public sealed class SimulatedVCpu
{
    private const long NanosecondsPerStep = 100;
    private const uint ArmInstructionLength = 4;
    private const int TraceBytesPerInstruction = 8;

    private readonly SimulatedDomain _domain;
    private readonly GuestThread _thread;
    private readonly WakeSignal _wake;
    private readonly long[] _exceptions = new long[256];
    private readonly long[] _events = new long[(int)VmEventKind.Io + 1];
    private int _pauseCount;
    private volatile bool _blocked;
    private volatile bool _queued;
    private volatile bool _ending;
    private volatile bool _isAccessing;
    private volatile bool _delivering;
    private volatile PagePermissions _pages;
    private ushort? _viewAfterStep;
    private bool _nextInterrupt;
    private ulong _tracePosition;
    private bool _sync;
    private SimulatedPorts? _signalTo;
    private int _signal;
    private long _instructions;
    private VmEventKind _kind;
    private long _portIos;
    private long _runTime;
    private long _sentAt;

    internal SimulatedVCpu(SimulatedDomain domain, int id, int seed)
    {
        _domain = domain;
        Id = id;
        _pages = domain.Pages;
        _wake = new WakeSignal(domain.Host);
        Registers = new GuestRegisters(id, domain.Architecture);
        Request = new EventRequest(domain.Layout, id, Registers);
        Answer = new PendingAnswer(domain.Layout);
        _thread = new GuestThread(domain, this, _wake, seed);
    }

    /// <summary>The vCPU id, from 0 on.</summary>
    public int Id { get; }

    /// <summary>Completed rounds of the workload.</summary>
    public long Rounds => _thread.Rounds;

    /// <summary>Completed instructions.</summary>
    public long Instructions => Volatile.Read(ref _instructions);

    /// <summary>Events raised.</summary>
    public long Events => _events.Sum();

    /// <summary>Completed reads and writes of I/O ports.</summary>
    public long PortIos => Volatile.Read(ref _portIos);

    /// <summary>Whether it is paused for an event that is not answered.</summary>
    public bool IsPaused => Volatile.Read(ref _pauseCount) > 0;

    /// <summary>
    /// Whether it is paused because the ring has no room: after an event that needs no answer, or with one that it
    /// could not put in.
    /// </summary>
    public bool IsBlocked => _blocked || _queued;

    /// <summary>Whether each instruction raises an event, if the domain's monitor watches single steps.</summary>
    public bool IsSingleStepping { get; private set; }

    /// <summary>The view of the domain's memory that it is in; 0 is the host's own.</summary>
    public ushort View { get; private set; }

    /// <summary>Whether it delivers an interrupt, which Xen makes it do again when it runs on.</summary>
    internal bool IsDelivering
    {
        get => _delivering;
        set => _delivering = value;
    }

    internal bool IsEnding => _ending;

    /// <summary>The pages as in its view.</summary>
    internal PagePermissions Pages => _pages;

    internal GuestRegisters Registers { get; }

    internal EventRequest Request { get; }

    internal PendingAnswer Answer { get; }

    /// <summary>Its state as Xen reports it.</summary>
    internal VCpuState State
    {
        get
        {
            bool stands = IsPaused || IsBlocked || Answer.IsPending;
            return new VCpuState((ulong)Volatile.Read(ref _runTime), IsRunning: !stands && !_thread.Rests, IsBlocked: !stands && _thread.Rests);
        }
    }

    /// <summary>How many exceptions with a vector the guest got: 1 for #DB, 3 for #BP, 6 for #UD.</summary>
    public long GetExceptions(byte vector) => Volatile.Read(ref _exceptions[vector]);

    /// <summary>
    /// How many events of a kind it has raised; those of reasons without a name here count as
    /// <see cref="VmEventKind.Unknown"/>.
    /// </summary>
    public long GetEvents(VmEventKind kind) => Volatile.Read(ref _events[(int)kind]);

    /// <summary>A register that answers can set.</summary>
    public ulong GetRegister(SettableRegister register)
    {
        lock (_domain.Gate)
        {
            return register switch
            {
                SettableRegister.Rip => Registers.Rip,
                SettableRegister.Rflags => Registers.Rflags,
                <= SettableRegister.R15 => Registers[VmEventField.Rax + (int)register],
                _ => throw new ArgumentOutOfRangeException(nameof(register), register, "The simulated processor has no such register."),
            };
        }
    }

    /// <summary>The value of a control register.</summary>
    public ulong GetControlRegister(ControlRegister register) => Registers[register];

    /// <summary>The value of a model-specific register; 0 if it was never written.</summary>
    public ulong GetMsr(uint msr)
    {
        lock (_domain.Gate) return Registers.Msrs.GetValueOrDefault(msr);
    }

    /// <summary>
    /// Makes the vCPU execute instructions, after earlier ones and before the next round of its workload.
    /// </summary>
    /// <returns>Completes with the last of them; cancelled if the vCPU ended first.</returns>
    public Task RunAsync(params IReadOnlyList<GuestAction> actions)
    {
        Task done = _thread.Enqueue(actions);
        _domain.Start();
        _wake.Set();
        if (_ending) _thread.CancelScripts();
        return done;
    }

    internal void Start() => _thread.Start();

    /// <summary>Makes the vCPU end, without waiting for it.</summary>
    internal void End()
    {
        _ending = true;
        _wake.Set();
        _thread.CancelScripts();
    }

    internal void Join() => _thread.Join();

    /// <summary>
    /// Sends the request to the listener. Under the domain's gate, entered once: it is left while there is no room.
    /// </summary>
    /// <returns>False if there is no listener: the vCPU behaves as if the event were not watched.</returns>
    internal bool Send(bool sync)
    {
        if (_domain.Delivery is not { } delivery) return false;
        _sync = sync;
        _sentAt = sync && _domain.RanOn is not null ? Stopwatch.GetTimestamp() : 0;
        if (delivery.TryQueue(this)) WaitForRoom();
        else HandOver(delivery);
        return true;
    }

    /// <summary>Signals the last event sent, if it has not been signalled yet.</summary>
    internal void SignalEvent()
    {
        if (_signalTo is not { } ports) return;
        _signalTo = null;
        ports.Signal(_signal);
    }

    /// <returns>False if the vCPU ends.</returns>
    internal bool WaitUntilRunnable()
    {
        while (!_ending && (IsPaused || _blocked)) _wake.Wait(Timeout.InfiniteTimeSpan);
        if (_ending) return false;
        if (_sentAt == 0) return true;
        _domain.RanOn?.Invoke(this, Stopwatch.GetElapsedTime(_sentAt));
        _sentAt = 0;
        return true;
    }

    /// <summary>Does what a response asks for, if the vCPU waits for one. Under the domain's gate.</summary>
    internal void TakeAnswer(RequestReader response)
    {
        if (!IsPaused) return;
        VmEventFlags flags = response.Flags & _domain.Layout.KnownFlags;
        bool resetsState = (flags & VmEventFlags.ResetForkState) != 0;
        bool resetsMemory = (flags & VmEventFlags.ResetForkMemory) != 0;
        if (resetsState || resetsMemory) _domain.ResetFork(resetsState, resetsMemory);
        Answer.Emulate(response, (flags & VmEventFlags.Emulate) != 0 && _domain.Architecture == GuestArchitecture.X86, Pages);
        if ((flags & VmEventFlags.Deny) != 0) Answer.Deny(response);
        if ((flags & VmEventFlags.ToggleSingleStep) != 0) SetSingleStep(!IsSingleStepping);
        else if ((flags & VmEventFlags.FastSingleStep) != 0) StepInto((ushort)response.UInt32(VmEventField.FastSingleStepView));
        if ((flags & VmEventFlags.AlternateP2m) != 0) _domain.Views.TryEnter(this, (int)response.UInt32(VmEventField.Altp2mIndex));
        if ((flags & VmEventFlags.SetRegisters) != 0) Answer.TakeRegisters(response);
        if ((flags & VmEventFlags.GetNextInterrupt) != 0 && _domain.Architecture == GuestArchitecture.X86) _nextInterrupt = true;
        if ((flags & VmEventFlags.ResetVmtrace) != 0) _tracePosition = 0;
        if ((flags & VmEventFlags.VCpuPaused) != 0 && Interlocked.Decrement(ref _pauseCount) == 0) _wake.Set();
    }

    /// <summary>Switches it to a view. Under the domain's gate.</summary>
    internal void EnterView(ushort view, PagePermissions pages)
    {
        View = view;
        _pages = pages;
    }

    /// <summary>
    /// If the host can single-step, makes each instruction raise an event, or stops that. Under the domain's gate.
    /// </summary>
    internal void SetSingleStep(bool enable)
    {
        if ((_domain.Abilities.Events & MonitorCapabilities.SingleStep) != 0) IsSingleStepping = enable;
    }

    /// <summary>
    /// After an instruction of a fast single step: switches to the named view without an event. Under the domain's
    /// gate.
    /// </summary>
    /// <returns>False if it is not in a fast single step.</returns>
    internal bool TryEndFastStep()
    {
        if (_viewAfterStep is not { } view) return false;
        _domain.Views.TryEnter(this, view);
        _viewAfterStep = null;
        IsSingleStepping = false;
        return true;
    }

    /// <summary>Stops the vCPU until the ring has room. Under the domain's gate.</summary>
    /// <returns>False if it is already stopped for this.</returns>
    internal bool Block()
    {
        if (_blocked) return false;
        return _blocked = true;
    }

    /// <returns>False if it was not blocked.</returns>
    internal bool Unblock()
    {
        if (!_blocked) return false;
        _blocked = false;
        _wake.Set();
        return true;
    }

    /// <summary>The ring has room: puts in the event that waits for it. Under the domain's gate.</summary>
    internal void GrantRoom(Delivery delivery)
    {
        HandOver(delivery);
        SignalEvent();
        _queued = false;
        _wake.Set();
    }

    /// <summary>Resumes it from every event that waits for an answer. Under the domain's gate.</summary>
    internal void ResumeAll()
    {
        Volatile.Write(ref _pauseCount, 0);
        _wake.Set();
    }

    /// <summary>
    /// Raises the event for the interrupt or exception taken now, if one was asked for. Under the domain's gate.
    /// </summary>
    /// <returns>False if none was.</returns>
    internal bool ReportInterrupt(byte vector, byte type)
    {
        if (!TakeInterruptRequest()) return false;
        BeginEvent(VmEventKind.Interrupt)
            .Set(VmEventField.InterruptVector, vector)
            .Set(VmEventField.InterruptType, type)
            .Set(VmEventField.InterruptErrorCode, GuestCode.NoErrorCode)
            .Set(VmEventField.InterruptCr2, Registers.Cr2);
        return Send(sync: true);
    }

    /// <summary>Whether an event was asked for the next interrupt, which comes now. Under the domain's gate.</summary>
    internal bool TakeInterruptRequest()
    {
        bool wasAskedFor = _nextInterrupt;
        _nextInterrupt = false;
        return wasAskedFor;
    }

    /// <summary>It is about to look whether it may access a page, and to access it.</summary>
    internal void BeginAccess()
    {
        _isAccessing = true;
        Interlocked.MemoryBarrier();
    }

    /// <summary>It has done its access, or may not do it.</summary>
    internal void EndAccess() => _isAccessing = false;

    /// <summary>
    /// Waits until the access of this moment is done: as Xen does when permissions have changed, with the processors' caches.
    /// </summary>
    internal void AwaitAccess()
    {
        SpinWait spin = default;
        while (_isAccessing) spin.SpinOnce();
    }

    /// <summary>Makes the vCPU look for something to do.</summary>
    internal void Wake() => _wake.Set();

    /// <summary>
    /// Starts the request for an event, with the current registers. Under the domain's gate, like everything that
    /// follows until it is sent.
    /// </summary>
    internal EventRequest BeginEvent(VmEventKind kind)
    {
        _kind = kind <= VmEventKind.Io ? kind : VmEventKind.Unknown;
        EventRequest request = Request.Begin(kind, Registers);
        return _domain.IsTraced ? request.Set(VmEventField.VmtracePosition, _tracePosition) : request;
    }

    /// <summary>The instruction is complete: RIP moves past it.</summary>
    internal void Retire(uint length)
    {
        Registers.Rip += _domain.Architecture == GuestArchitecture.Arm64 ? ArmInstructionLength : length;
        _tracePosition += TraceBytesPerInstruction;
        Volatile.Write(ref _instructions, _instructions + 1);
    }

    internal void CountPortIo() => Volatile.Write(ref _portIos, _portIos + 1);

    internal void CountRun() => Volatile.Write(ref _runTime, _runTime + NanosecondsPerStep);

    internal void CountException(byte vector) => Volatile.Write(ref _exceptions[vector], _exceptions[vector] + 1);

    private void StepInto(ushort view)
    {
        if (view >= IAltP2m.MostViews) return;
        SetSingleStep(true);
        if (IsSingleStepping) _viewAfterStep = view;
    }

    private void HandOver(Delivery delivery)
    {
        Request.Set(VmEventField.Flags, (ulong)(
            (_sync ? VmEventFlags.VCpuPaused : VmEventFlags.None)
            | Request.Origin
            | (_domain.Views.IsActive ? VmEventFlags.AlternateP2m : VmEventFlags.None)));
        Request.Set(VmEventField.Altp2mIndex, View);
        if (_sync) Interlocked.Increment(ref _pauseCount);

        Volatile.Write(ref _events[(int)_kind], _events[(int)_kind] + 1);
        _signal = delivery.Put(this, _sync);
        _signalTo = delivery.Ports;
        _domain.InjectFaults(this, delivery);
    }

    private void WaitForRoom()
    {
        _queued = true;
        _domain.Gate.Exit();
        try
        {
            while (!_ending && _queued) _wake.Wait(Timeout.InfiniteTimeSpan);
        }
        finally
        {
            _domain.Gate.Enter();
        }
    }
}
