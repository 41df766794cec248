using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;
using XenVmEvent.Agent;
using XenVmEvent.Agent.Tests;

namespace XenVmEvent.Fleet;

/// <summary>Many hosts at a steady rate.</summary>
internal static class Hosts
{
    private const int BatchesASecond = 2;

    public static int Run(string server, string folder, int hosts, int rate, int seconds)
    {
        RedisSink[] sinks = [.. Enumerable.Range(0, hosts).Select(i => new RedisSink(new RedisOutputSettings
        {
            Name = "fleet",
            Redis = new RedisSettings { Server = server },
            HostName = Name(i),
            SpoolFolder = Path.Combine(folder, Name(i)),
            SpoolSize = 16 << 20,
        }, new AgentIdentity()))];
        TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        long most = 0;
        long late = 0;
        int inBatch = rate / BatchesASecond;
        int rounds = seconds * BatchesASecond;
        for (int round = 0; round < rounds; round++)
        {
            // Every host at a time of its own, as hosts do.
            for (int i = 0; i < hosts; i++)
            {
                TimeSpan due = TimeSpan.FromSeconds((round + ((double)i / hosts)) / BatchesASecond) - Stopwatch.GetElapsedTime(start);
                if (due > TimeSpan.FromMilliseconds(1)) Thread.Sleep(due);
                if (due < TimeSpan.FromSeconds(-1)) late++;
                sinks[i].Write(Entries.Of((long)round * inBatch, inBatch));
            }

            most = Math.Max(most, sinks.Sum(s => s.State.Waiting));
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        while (sinks.Sum(s => s.State.Waiting) > 0) Thread.Sleep(10);
        TimeSpan settled = Stopwatch.GetElapsedTime(start) - elapsed;
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        long events = (long)hosts * rounds * inBatch;
        foreach (RedisSink sink in sinks) sink.Dispose();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{hosts} hosts, {events} events in {elapsed.TotalSeconds:0} s ({events / elapsed.TotalSeconds:0} a second, {late} batches begun more than a second late); at most {most} waiting at once, the last one arrived {settled.TotalSeconds:0.00} s after it was written; {cpu.TotalMicroseconds / events:0.0} µs of CPU an event"));
        return Check(server, hosts, rounds * inBatch);
    }

    private static int Check(string server, int hosts, int each)
    {
        using ConnectionMultiplexer redis = ConnectionMultiplexer.Connect(server);
        int wrong = 0;
        for (int i = 0; i < hosts; i++)
        {
            long next = 0;
            bool isWrong = false;
            foreach (StreamEntry entry in redis.GetDatabase().StreamRange($"xenvmevent:{Name(i)}"))
            {
                if (Entries.NumberOf((byte[])entry["line"]!) is { } number) isWrong |= number != next++;
            }

            if (isWrong || next != each) wrong++;
        }

        Console.WriteLine(wrong == 0 ? "every event of every host arrived once and in order" : $"{wrong} hosts lack events, or have some twice");
        return wrong == 0 ? 0 : 1;
    }

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"dom0-{number:0000}");
}
