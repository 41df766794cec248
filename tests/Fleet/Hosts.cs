using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;
using XenVmEvent.Agent;
using XenVmEvent.Agent.Tests;

namespace XenVmEvent.Fleet;

/// <summary>The publishing ends of many agents, in one process, at steady rates: one step after the other.</summary>
internal sealed class Hosts : IDisposable
{
    private const int BatchesASecond = 10;
    private const int KeptEntries = 2000;

    private static readonly TimeSpan MostLate = TimeSpan.FromSeconds(2);

    private readonly string _server;
    private readonly RedisSink[] _sinks;
    private readonly long[] _written;

    private Hosts(string server, string folder, int hosts)
    {
        _server = server;
        _written = new long[hosts];
        _sinks = [.. Enumerable.Range(0, hosts).Select(i => new RedisSink(new RedisOutputSettings
        {
            Name = "fleet",
            Redis = new RedisSettings { Server = server },
            HostName = Name(i),
            SpoolFolder = Path.Combine(folder, Name(i)),
            SpoolSize = 16 << 20,
            MostEntries = KeptEntries,
        }, new AgentIdentity()))];
    }

    public static int Run(string server, string folder, int hosts, int seconds, int[] rates)
    {
        using Hosts fleet = new(server, folder, hosts);
        fleet.Begin();
        Console.WriteLine($"{hosts} hosts, {seconds} s at each rate");
        Console.WriteLine("events/s each   in all/s   lag median, p99, most in ms   µs of CPU an event in senders, in Redis   load of Redis");
        foreach (int rate in rates)
        {
            if (!fleet.Step(rate, seconds)) break;
        }

        return fleet.Check();
    }

    public void Dispose()
    {
        foreach (RedisSink sink in _sinks) sink.Dispose();
    }

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"dom0-{number:0000}");

    /// <summary>Connects all of them.</summary>
    private void Begin()
    {
        foreach (RedisSink sink in _sinks) sink.Write([]);
        Settle();
    }

    private void Settle()
    {
        while (_sinks.Any(sink => sink.State.Waiting > 0)) Thread.Sleep(10);
    }

    /// <returns>Whether all went out at this rate.</returns>
    private bool Step(int rate, int seconds)
    {
        long events = 0;
        int inBatch = Math.Max(1, rate / BatchesASecond);
        double batchesASecond = (double)rate / inBatch;
        Cpu cpu = Cpu.Of(_server);
        using Lag lag = new(_sinks);
        long start = Stopwatch.GetTimestamp();
        bool isLate = false;
        for (int round = 0; round < seconds * batchesASecond && !isLate; round++)
        {
            // Every host at a time of its own, as hosts do.
            for (int i = 0; i < _sinks.Length; i++)
            {
                TimeSpan due = TimeSpan.FromSeconds((round + ((double)i / _sinks.Length)) / batchesASecond) - Stopwatch.GetElapsedTime(start);
                if (due > TimeSpan.FromMilliseconds(1)) Thread.Sleep(due);
                isLate |= due < -MostLate;
                _sinks[i].Write(RecordedLines.Of(_written[i], inBatch));
                _written[i] += inBatch;
                events += inBatch;
                lag.Note(i, inBatch);
            }
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        Settle();
        cpu = Cpu.Of(_server) - cpu;
        string times = lag.ToText(out TimeSpan most);
        bool holds = !isLate && most < MostLate;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rate,13}   {events / elapsed.TotalSeconds,8:0}   {times,27}   {cpu.Here.TotalMicroseconds / events,32:0.0}, {cpu.Redis.TotalMicroseconds / events,8:0.0}   {cpu.Redis / elapsed,12:0 %}{(holds ? "" : "   too much")}"));
        return holds;
    }

    /// <summary>
    /// Checks that all arrived once and in order. Redis keeps the last ones of each stream. It has counted all, with ids that
    /// only grow, so if the last one has the number of them all, none is missing and none is there twice.
    /// </summary>
    private int Check()
    {
        using ConnectionMultiplexer redis = ConnectionMultiplexer.Connect(_server);
        IDatabase database = redis.GetDatabase();
        int wrong = 0;
        for (int i = 0; i < _sinks.Length; i++)
        {
            string key = $"xenvmevent:{Name(i)}";
            RedisResult[] info = (RedisResult[])database.Execute("XINFO", "STREAM", key)!;
            long added = (long)info[Array.FindIndex(info, one => (string?)one == "entries-added") + 1];
            StreamEntry[] kept = database.StreamRange(key);
            long[] numbers = [.. kept.Select(entry => Entries.NumberOf((byte[])entry["line"]!)).OfType<long>()];
            bool isWhole = EntryId.TryParse((string?)kept[^1].Id, out EntryId last) && added == (long)last.Number
                && numbers[^1] == _written[i] - 1 && numbers.SequenceEqual(Enumerable.Range(0, numbers.Length).Select(n => numbers[0] + n));
            if (!isWhole) wrong++;
        }

        Console.WriteLine(wrong == 0 ? $"all {_written.Sum()} events of every host arrived once and in order" : $"{wrong} hosts lack events, or have some twice");
        return wrong == 0 ? 0 : 1;
    }
}
