using System.Diagnostics;
using StackExchange.Redis;
using XenVmEvent.Agent;

namespace XenVmEvent.Fleet;

/// <summary>One host at full rate, and what the library can do with the same bytes: rounds of both, one after the other.</summary>
internal static class Speed
{
    private const int Rounds = 7;
    private const int InBatch = 256;
    private const int Batches = 80;
    private const int MostOnTheWay = 1024;
    private const int MostWaiting = 32 * InBatch;

    public static int Run(string server, string folder, int events)
    {
        // They are different, and more than fit into a processor's cache.
        OutgoingEvent[][] batches = [.. Enumerable.Range(0, Batches).Select(i => RecordedLines.Of(i * InBatch, InBatch))];
        events -= events % InBatch;
        Console.WriteLine($"{events} events of {batches.SelectMany(one => one).Average(one => one.Line.Length):0} bytes, in {Rounds} rounds; the median of each column");
        Bare(server, batches, events);
        Sink(server, folder, batches, events);
        List<Figures> bare = [];
        List<Figures> sink = [];
        for (int i = 0; i < Rounds; i++)
        {
            bare.Add(Measure(server, events, () => Bare(server, batches, events)));
            sink.Add(Measure(server, events, () => Sink(server, folder, batches, events)));
        }

        Console.WriteLine("                 events/s   µs of CPU here   in Redis   bytes allocated an event");
        Report("bare loop", bare);
        Report("output", sink);
        double[] shares = [.. bare.Zip(sink, (one, other) => other.PerSecond / one.PerSecond).Order()];
        Console.WriteLine($"output by bare loop, round by round: median {shares[Rounds / 2]:0.00}, from {shares[0]:0.00} to {shares[^1]:0.00}");
        return 0;
    }

    private static Figures Measure(string server, int events, Action run)
    {
        GC.Collect();
        long bytes = GC.GetTotalAllocatedBytes(precise: true);
        Cpu cpu = Cpu.Of(server);
        long start = Stopwatch.GetTimestamp();
        run();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        cpu = Cpu.Of(server) - cpu;
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        return new Figures(events / seconds, cpu.Here.TotalMicroseconds / events, cpu.Redis.TotalMicroseconds / events, (double)bytes / events);
    }

    private static void Report(string what, List<Figures> rounds)
    {
        double Median(Func<Figures, double> column) => rounds.Select(column).Order().ElementAt(rounds.Count / 2);
        Console.WriteLine($"{what,-16} {Median(one => one.PerSecond),8:0}   {Median(one => one.CpuHere),14:0.0}   {Median(one => one.CpuInRedis),8:0.0}   {Median(one => one.Bytes),24:0}");
    }

    /// <summary>XADD by the library, with 1024 of them on the way.</summary>
    private static void Bare(string server, OutgoingEvent[][] batches, int events)
    {
        using ConnectionMultiplexer redis = ConnectionMultiplexer.Connect(server);
        IDatabase database = redis.GetDatabase();
        Queue<Task<RedisValue>> sent = new();
        for (int i = 0; i < events; i++)
        {
            if (sent.Count == MostOnTheWay) sent.Dequeue().GetAwaiter().GetResult();
            sent.Enqueue(database.StreamAddAsync("bare", "line", batches[i / InBatch % Batches][i % InBatch].Line, maxLength: 1_000_000, useApproximateMaxLength: true));
        }

        while (sent.TryDequeue(out Task<RedisValue>? last)) last.GetAwaiter().GetResult();
        database.KeyDelete("bare");
    }

    private static void Sink(string server, string folder, OutgoingEvent[][] batches, int events)
    {
        string spool = Path.Combine(folder, Path.GetRandomFileName());
        using (RedisSink sink = new(new RedisOutputSettings { Name = "fleet", Redis = new RedisSettings { Server = server }, HostName = "speed", SpoolFolder = spool }, new AgentIdentity()))
        {
            for (int i = 0; i < events / InBatch; i++)
            {
                sink.Write(batches[i % Batches]);
                while (sink.State.Waiting > MostWaiting) Thread.Sleep(1);
            }

            while (sink.State.Waiting > 0) Thread.Sleep(1);
        }

        Directory.Delete(spool, recursive: true);
        using ConnectionMultiplexer redis = ConnectionMultiplexer.Connect(server);
        redis.GetDatabase().KeyDelete("xenvmevent:speed");
    }

    private sealed record Figures(double PerSecond, double CpuHere, double CpuInRedis, double Bytes);
}
