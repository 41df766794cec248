using System.Diagnostics;
using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.PS;

/// <summary>A watch in the background: events wait in it until they are received, as many as the watch's buffer holds.</summary>
internal sealed class WatchJob : Job
{
    /// <summary>How long it waits to look again whether somebody has received events.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly EventStream _events;
    private readonly long _first;
    private readonly TimeSpan _duration;
    private readonly int _bufferSize;
    private readonly string _domains;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;

    /// <param name="command">What was called.</param>
    /// <param name="events">What it watches; it ends it.</param>
    /// <param name="first">After how many events it is over.</param>
    /// <param name="duration">After what time.</param>
    /// <param name="bufferSize">How many events wait to be received at most.</param>
    public WatchJob(string command, EventStream events, long first, TimeSpan duration, int bufferSize) : base(command)
    {
        _events = events;
        _first = first;
        _duration = duration;
        _bufferSize = bufferSize;
        _domains = string.Join(", ", events.Domains.Select(d => d.Name));
        _thread = new Thread(Run) { IsBackground = true, Name = "Watch job" };
        PSJobTypeName = "XenVmEvent";
    }

    /// <inheritdoc/>
    public override bool HasMoreData => Output.Count > 0 || Error.Count > 0 || Warning.Count > 0;

    /// <summary>The domains.</summary>
    public override string Location => _domains;

    /// <summary>Nothing: the state says it.</summary>
    public override string StatusMessage => "";

    /// <summary>Begins to take events.</summary>
    public void Start()
    {
        SetJobState(JobState.Running);
        _thread.Start();
    }

    /// <inheritdoc/>
    public override void StopJob()
    {
        _stop.Cancel();
        _thread.Join();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _thread.IsAlive) StopJob();
        base.Dispose(disposing);
    }

    private void Run()
    {
        bool hasFailed = false;
        try
        {
            bool hasAll = TakeEvents() == _first;
            long lost = _events.Dropped;
            if (lost > 0) Warning.Add(new WarningRecord($"{lost} events were lost: they were not received within the response timeout."));
            long overwritten = _events.Overwritten;
            if (overwritten > 0) Warning.Add(new WarningRecord($"{overwritten} events were lost: {EventStream.WhyOverwritten}."));
            foreach ((XenException error, XenDomain domain) in _events.End(hasAll || _stop.IsCancellationRequested, CancellationToken.None))
            {
                hasFailed = true;
                Error.Add(XenCmdlet.ToErrorRecord(error, domain));
            }
        }
        finally
        {
            _events.Dispose();
            SetJobState(_stop.IsCancellationRequested ? JobState.Stopped : hasFailed ? JobState.Failed : JobState.Completed);
        }
    }

    /// <returns>How many there were.</returns>
    private long TakeEvents()
    {
        long start = Stopwatch.GetTimestamp();
        long taken = 0;
        while (taken < _first && !_stop.IsCancellationRequested)
        {
            TimeSpan left = _duration == Timeout.InfiniteTimeSpan ? LongestWait : _duration - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) break;
            if (Output.Count >= _bufferSize)
            {
                // They wait in the watch's own buffer then, and at last in the guest.
                _stop.Token.WaitHandle.WaitOne(Look);
            }
            else if (_events.TryTake(out VmEvent? vmEvent, out _))
            {
                Output.Add(PSObject.AsPSObject(vmEvent));
                taken++;
            }
            else if (_events.IsOver)
            {
                break;
            }
            else
            {
                _events.Wait(left, _stop.Token);
            }
        }

        return taken;
    }
}
