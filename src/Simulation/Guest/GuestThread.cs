using System.Collections.Concurrent;
using System.Diagnostics;

namespace XenVmEvent.Simulation;

/// <summary>
/// The thread that executes a vCPU's instructions: round after round of the workload, and in between whatever it is
/// told to.
/// </summary>
internal sealed class GuestThread
{
    private const int StackBytes = 256 * 1024;

    private readonly SimulatedDomain _domain;
    private readonly SimulatedVCpu _vcpu;
    private readonly WakeSignal _wake;
    private readonly Processor _processor;
    private readonly Random _random;
    private readonly ConcurrentQueue<(IReadOnlyList<GuestAction> Actions, TaskCompletionSource Done)> _scripts = new();
    private Thread? _thread;
    private long _rounds;
    private volatile bool _rests = true;

    /// <param name="domain">The domain.</param>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="wake">Set when there is something to do.</param>
    /// <param name="seed">The seed of the workload's choices.</param>
    public GuestThread(SimulatedDomain domain, SimulatedVCpu vcpu, WakeSignal wake, int seed)
    {
        _domain = domain;
        _vcpu = vcpu;
        _wake = wake;
        _processor = new Processor(domain, vcpu);
        _random = new Random(seed);
    }

    /// <summary>Completed rounds of the workload.</summary>
    public long Rounds => Volatile.Read(ref _rounds);

    /// <summary>Whether it has nothing to do now, or was never started.</summary>
    public bool Rests => _rests;

    public void Start()
    {
        _thread = new Thread(Live, StackBytes) { IsBackground = true, Name = $"{_domain.Name} vCPU {_vcpu.Id}" };
        _thread.Start();
    }

    public void Join() => _thread?.Join();

    /// <summary>Executes instructions before the next round.</summary>
    public Task Enqueue(IReadOnlyList<GuestAction> actions)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _scripts.Enqueue((actions, done));
        return done.Task;
    }

    /// <summary>Tells those who wait for instructions that these will not be executed any more.</summary>
    public void CancelScripts()
    {
        while (_scripts.TryDequeue(out (IReadOnlyList<GuestAction> Actions, TaskCompletionSource Done) script)) script.Done.TrySetCanceled();
    }

    private void Live()
    {
        try
        {
            RunUntilEnd();
        }
        catch (XenException e) when (e.Id == XenErrorId.HostCrashed)
        {
            // The vCPU's action crashed the host, which tells every caller so.
        }

        CancelScripts();
        _domain.Trace?.Close();
    }

    private void RunUntilEnd()
    {
        _rests = false;
        TimeSpan period = _domain.RoundPeriod;
        long due = Stopwatch.GetTimestamp();
        while (!_vcpu.IsEnding)
        {
            if (_scripts.TryDequeue(out (IReadOnlyList<GuestAction> Actions, TaskCompletionSource Done) script))
            {
                RunScript(script.Actions, script.Done);
                continue;
            }

            if (_domain.Trace is { } trace)
            {
                Play(trace);
                continue;
            }

            TimeSpan rest = RestUntil(due);
            if (rest != TimeSpan.Zero)
            {
                _rests = true;
                _wake.Wait(rest);
                _rests = false;
                continue;
            }

            // A vCPU that was delayed catches up on at most one second.
            due = Math.Max(due, Stopwatch.GetTimestamp() - Stopwatch.Frequency) + (long)(period.TotalSeconds * Stopwatch.Frequency);
            RunRound();
        }
    }

    private void Play(TracePlayer trace)
    {
        TimeSpan rest = trace.Take(_vcpu, out TraceEntry entry);
        if (rest != TimeSpan.Zero) _wake.Wait(rest);
        else if (_processor.Replay(entry, trace.Advance)) trace.CountAnswered();
    }

    private TimeSpan RestUntil(long due)
    {
        if (_domain.Workload.Round.Count == 0 || (_domain.Rounds > 0 && _rounds == _domain.Rounds)) return Timeout.InfiniteTimeSpan;
        long left = due - Stopwatch.GetTimestamp();
        return left <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)left / Stopwatch.Frequency);
    }

    private void RunRound()
    {
        IReadOnlyList<GuestActionKind> round = _domain.Workload.Round;
        for (int i = 0; i < round.Count; i++)
        {
            if (!_processor.Execute(Workload.Choose(round[i], _random, _vcpu.Registers, _domain.Memory.Pages))) return;
        }

        Volatile.Write(ref _rounds, _rounds + 1);
        if (_rounds == _domain.Rounds) _domain.CountFinished();
    }

    private void RunScript(IReadOnlyList<GuestAction> actions, TaskCompletionSource done)
    {
        try
        {
            if (actions.All(_processor.Execute)) done.TrySetResult();
        }
        finally
        {
            done.TrySetCanceled();
        }
    }
}
