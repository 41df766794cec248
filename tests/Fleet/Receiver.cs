using System.Diagnostics;
using XenVmEvent.Agent;

namespace XenVmEvent.Fleet;

/// <summary>One reader of everything that Redis has.</summary>
internal static class Receiver
{
    public static int Run(string server)
    {
        Cpu cpu = Cpu.Of(server);
        long start = Stopwatch.GetTimestamp();
        long events = 0;
        using FleetReader reader = FleetReader.Open(new FleetQuery { Redis = new RedisSettings { Server = server }, Tell = Console.WriteLine }, CancellationToken.None);
        while (!reader.IsOver) events += reader.TryTake(out _) ? 1 : 0;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        cpu = Cpu.Of(server) - cpu;
        Console.WriteLine($"one reader: {events} events of {reader.Hosts} hosts, {events / elapsed.TotalSeconds:0} a second, {cpu.Here.TotalMicroseconds / events:0.0} µs of CPU an event here, {cpu.Redis.TotalMicroseconds / events:0.0} in Redis; {reader.Missing} missing, {reader.Broken} broken");
        return 0;
    }
}
