using System.Diagnostics;
using XenVmEvent.Agent;

namespace XenVmEvent.Fleet;

/// <summary>How long it takes from a host's writing of events until Redis has confirmed them, of every tenth host.</summary>
internal sealed class Lag : IDisposable
{
    private const int Every = 10;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(2);

    private readonly Lock _gate = new();
    private readonly RedisSink[] _sinks;
    private readonly Queue<(long Until, long At)>[] _waiting;
    private readonly long[] _written;
    private readonly List<TimeSpan> _times = [];
    private readonly Thread _thread;
    private volatile bool _isEnding;

    public Lag(RedisSink[] sinks)
    {
        _sinks = sinks;
        _waiting = [.. sinks.Select(_ => new Queue<(long, long)>())];
        _written = [.. sinks.Select(sink => sink.State.Delivered)];
        _thread = new Thread(Look);
        _thread.Start();
    }

    /// <summary>Notes that a host has written.</summary>
    public void Note(int host, int events)
    {
        if (host % Every != 0) return;
        _written[host] += events;
        lock (_gate) _waiting[host].Enqueue((_written[host], Stopwatch.GetTimestamp()));
    }

    /// <summary>The median, the 99th percentile and the longest in milliseconds; all has arrived.</summary>
    public string ToText(out TimeSpan most)
    {
        Dispose();
        _times.Sort();
        most = _times[^1];
        return $"{_times[_times.Count / 2].TotalMilliseconds:0}, {_times[_times.Count * 99 / 100].TotalMilliseconds:0}, {most.TotalMilliseconds:0}";
    }

    public void Dispose()
    {
        _isEnding = true;
        _thread.Join();
    }

    private void Look()
    {
        bool isLast;
        do
        {
            isLast = _isEnding;
            for (int i = 0; i < _sinks.Length; i += Every)
            {
                long delivered = _sinks[i].State.Delivered;
                lock (_gate)
                {
                    while (_waiting[i].TryPeek(out (long Until, long At) oldest) && oldest.Until <= delivered)
                    {
                        _times.Add(Stopwatch.GetElapsedTime(oldest.At));
                        _waiting[i].Dequeue();
                    }
                }
            }

            Thread.Sleep(Period);
        }
        while (!isLast);
    }
}
