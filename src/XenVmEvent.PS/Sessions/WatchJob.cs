using System.Diagnostics;
using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Recording;

namespace XenVmEvent.PS;

/// <summary>
/// A watch in the background. It takes all events as they come, so that it delays nobody. They wait for Receive-Job in
/// memory and, beyond the watch's buffer size, on the disk.
/// </summary>
internal sealed class WatchJob : Job
{
    /// <summary>How much space on the disk is left to others.</summary>
    private const long ReservedBytes = 1L << 30;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly PSObject Next = new();

    private readonly EventStream _events;
    private readonly long _first;
    private readonly TimeSpan _duration;
    private readonly EventSpool _spool;
    private readonly bool _isSpooled;
    private readonly string _domains;
    private readonly CancellationTokenSource _stop = new();
    private readonly AutoResetEvent _news = new(false);
    private readonly Thread _taker;
    private readonly Thread _shower;
    private long _taken;
    private bool _isOver;
    private bool _hasFailed;

    /// <param name="command">The command line.</param>
    /// <param name="events">The events of the watch, which this ends.</param>
    /// <param name="first">The job ends after this many events.</param>
    /// <param name="duration">The job ends after this time.</param>
    /// <param name="bufferSize">About how many events wait in memory at most.</param>
    public WatchJob(string command, EventStream events, long first, TimeSpan duration, int bufferSize) : base(command)
    {
        _events = events;
        _first = first;
        _duration = duration;
        _spool = new EventSpool(bufferSize, Folder(), ReservedBytes);
        if (new SpooledOutput(_spool).ToCollection() is { } output)
        {
            _isSpooled = true;
            Output = output;
        }

        _domains = events.Domains;
        _taker = new Thread(TakeAll) { IsBackground = true, Name = "Watch job" };
        _shower = new Thread(ShowAll) { IsBackground = true, Name = "Watch job's output" };
        PSJobTypeName = "XenVmEvent";
    }

    /// <inheritdoc/>
    public override bool HasMoreData => Output.Count > 0 || Error.Count > 0 || Warning.Count > 0;

    /// <summary>The domains.</summary>
    public override string Location => _domains;

    /// <summary>Nothing: the state says it.</summary>
    public override string StatusMessage => "";

    /// <summary>Starts taking events.</summary>
    public void Start()
    {
        SetJobState(JobState.Running);
        _taker.Start();
        _shower.Start();
    }

    /// <inheritdoc/>
    public override void StopJob()
    {
        _stop.Cancel();

        // Receive-Job -AutoRemoveJob disposes a job while its state changes.
        if (Thread.CurrentThread != _shower) _shower.Join();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (_shower.IsAlive) StopJob();
            _spool.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>The folder where files may be large: /tmp is in memory on many hosts.</summary>
    private static string Folder() =>
        Environment.GetEnvironmentVariable("TMPDIR") is null && Directory.Exists("/var/tmp") ? "/var/tmp" : Path.GetTempPath();

    private void TakeAll()
    {
        try
        {
            TakeEvents();
            TellNews();
            bool hasAll = _taken == _first || _stop.IsCancellationRequested;
            Warn(_events.Dropped, "they could not be taken within the response timeout");
            Warn(_events.Overwritten, EventStream.WhyOverwritten);
            foreach ((XenException error, XenDomain domain) in _events.End(hasAll, CancellationToken.None))
            {
                _hasFailed = true;
                Error.Add(XenCmdlet.ToErrorRecord(error, domain));
            }
        }
        finally
        {
            _events.Dispose();
            Volatile.Write(ref _isOver, true);
            _news.Set();
        }
    }

    private void TakeEvents()
    {
        const int many = 256;
        long start = Stopwatch.GetTimestamp();
        while (_taken < _first && !_stop.IsCancellationRequested)
        {
            TimeSpan left = _duration == Timeout.InfiniteTimeSpan ? LongestWait : _duration - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) break;
            if (_events.TryTake(out VmEvent? vmEvent, out _))
            {
                _spool.Add(vmEvent);
                Volatile.Write(ref _taken, _taken + 1);
                if (_taken % many == 0) _news.Set();
                continue;
            }

            TellNews();
            if (_events.IsOver) break;
            _news.Set();
            _events.Wait(left, _stop.Token);
        }
    }

    /// <summary>
    /// Announces what was taken to receivers, on its own thread: receiving locks the output, and must not delay the
    /// guest.
    /// </summary>
    private void ShowAll()
    {
        long shown = 0;
        while (true)
        {
            bool isLast = Volatile.Read(ref _isOver);
            for (long taken = Volatile.Read(ref _taken); shown < taken; shown++) Output.Add(_isSpooled ? Next : PSObject.AsPSObject(_spool.Take()));
            if (isLast) break;
            _news.WaitOne();
        }

        Warn(_spool.Lost, $"the disk could not keep them: {_spool.WhyLost}");
        SetJobState(_stop.IsCancellationRequested ? JobState.Stopped : _hasFailed ? JobState.Failed : JobState.Completed);
    }

    /// <summary>Says what happened to guests that are followed.</summary>
    private void TellNews()
    {
        while (_events.TryTakeNews(out FollowNews? news))
        {
            if (news.Error is null) Verbose.Add(new VerboseRecord($"{news}."));
            else Warning.Add(new WarningRecord($"{news}"));
        }
    }

    private void Warn(long lost, string why)
    {
        if (lost > 0) Warning.Add(new WarningRecord($"{lost} events were lost: {why}."));
    }
}
