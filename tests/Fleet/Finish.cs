using System.Globalization;
using StackExchange.Redis;
using XenVmEvent.Agent;
using XenVmEvent.Agent.Tests;

namespace XenVmEvent.Fleet;

/// <summary>Sends what killed senders left in their spool, and checks that all they had given away is there, once and in order.</summary>
internal static class Finish
{
    /// <param name="server">The Redis.</param>
    /// <param name="spool">The spool.</param>
    /// <param name="apart">How far the numbers of one sender begin from those of another.</param>
    /// <param name="taken">What the senders printed; the name of each ends with its number.</param>
    public static int Run(string server, string spool, long apart, string[] taken)
    {
        RedisOutputSettings settings = new() { Name = "fleet", Redis = new RedisSettings { Server = server }, HostName = "dom0-1", SpoolFolder = spool, MostEntries = null };
        using (RedisSink sink = new(settings, new AgentIdentity()))
        {
            sink.Write([]);
            while (sink.State.Waiting > 0) Thread.Sleep(10);
        }

        Dictionary<long, long> next = [];
        long total = 0;
        bool isWrong = false;
        using ConnectionMultiplexer redis = ConnectionMultiplexer.Connect(server);
        RedisValue position = "0-0";
        while (redis.GetDatabase().StreamRead("xenvmevent:dom0-1", position, 1000) is { Length: > 0 } entries)
        {
            foreach (StreamEntry entry in entries)
            {
                if (Entries.NumberOf((byte[])entry["line"]!) is not { } number) continue;
                long sender = number / apart;
                isWrong |= number % apart != next.GetValueOrDefault(sender);
                next[sender] = (number % apart) + 1;
                total++;
            }

            position = entries[^1].Id;
        }

        foreach (string file in taken)
        {
            long sender = long.Parse(Path.GetExtension(file)[1..], CultureInfo.InvariantCulture);
            long given = File.ReadLines(file).Where(line => line.Length > 0).Select(line => long.Parse(line, CultureInfo.InvariantCulture)).LastOrDefault(sender * apart) % apart;
            if (next.GetValueOrDefault(sender) >= given) continue;
            Console.WriteLine($"sender {sender} had given away {given}, and {next.GetValueOrDefault(sender)} are there");
            isWrong = true;
        }

        Console.WriteLine($"{taken.Length} kills of the sender and as many of Redis: {total} events, {(isWrong ? "some missing, twice or in another order" : "each once and in order")}");
        return isWrong ? 1 : 0;
    }
}
