using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;
using XenVmEvent.Agent;
using XenVmEvent.Agent.Tests;

namespace XenVmEvent.Fleet;

/// <summary>One host at full rate, and what the library can do with the same bytes: rounds of both, one after the other.</summary>
internal static class Speed
{
    private const int Rounds = 5;
    private const int InBatch = 256;
    private const int MostOnTheWay = 1024;

    public static int Run(string server, string folder, int events)
    {
        OutgoingEvent[] batch = Entries.Of(0, InBatch);
        Console.WriteLine($"{events} events of {batch[0].Line.Length} bytes, in rounds");
        Bare(server, batch, events);
        Sink(server, folder, batch, events);
        for (int i = 0; i < Rounds; i++)
        {
            Report(server, "bare loop", events, () => Bare(server, batch, events));
            Report(server, "sink with spool", events, () => Sink(server, folder, batch, events));
        }

        return 0;
    }

    private static void Report(string server, string what, int events, Action run)
    {
        GC.Collect();
        long bytes = GC.GetTotalAllocatedBytes(precise: true);
        TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
        TimeSpan serverCpu = CpuOf(server);
        long start = Stopwatch.GetTimestamp();
        run();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        serverCpu = CpuOf(server) - serverCpu;
        Console.WriteLine($"{what,-16} {events / elapsed.TotalSeconds,8:0} events/s, {cpu.TotalMicroseconds / events,5:0.0} µs of CPU here and {serverCpu.TotalMicroseconds / events,5:0.0} in Redis, {bytes / events,5} bytes allocated an event");
    }

    private static TimeSpan CpuOf(string server)
    {
        using ConnectionMultiplexer redis = ConnectionMultiplexer.Connect($"{server},allowAdmin=true");
        return TimeSpan.FromSeconds(redis.GetServers()[0].Info("cpu").SelectMany(one => one).Where(one => one.Key is "used_cpu_user" or "used_cpu_sys").Sum(one => double.Parse(one.Value, CultureInfo.InvariantCulture)));
    }

    /// <summary>XADD by the library, with 1024 of them on the way.</summary>
    private static void Bare(string server, OutgoingEvent[] batch, int events)
    {
        using ConnectionMultiplexer redis = ConnectionMultiplexer.Connect(server);
        IDatabase database = redis.GetDatabase();
        database.KeyDelete("bare");
        Queue<Task<RedisValue>> sent = new();
        for (int i = 0; i < events; i++)
        {
            if (sent.Count == MostOnTheWay) sent.Dequeue().GetAwaiter().GetResult();
            sent.Enqueue(database.StreamAddAsync("bare", "line", batch[i % InBatch].Line, maxLength: 1_000_000, useApproximateMaxLength: true));
        }

        while (sent.TryDequeue(out Task<RedisValue>? last)) last.GetAwaiter().GetResult();
        database.KeyDelete("bare");
    }

    private static void Sink(string server, string folder, OutgoingEvent[] batch, int events)
    {
        string spool = Path.Combine(folder, Path.GetRandomFileName());
        using (RedisSink sink = new(new RedisOutputSettings { Name = "fleet", Redis = new RedisSettings { Server = server }, HostName = "speed", SpoolFolder = spool }, new AgentIdentity()))
        {
            for (int i = 0; i < events; i += InBatch)
            {
                sink.Write(batch);
                while (sink.State.Waiting > MostOnTheWay * 4) Thread.Sleep(1);
            }

            while (sink.State.Waiting > 0) Thread.Sleep(1);
        }

        Directory.Delete(spool, recursive: true);
        using ConnectionMultiplexer redis = ConnectionMultiplexer.Connect(server);
        redis.GetDatabase().KeyDelete("xenvmevent:speed");
    }
}
