using XenVmEvent.Agent;
using XenVmEvent.Agent.Tests;

namespace XenVmEvent.Fleet;

/// <summary>An agent's end, to be killed.</summary>
internal static class Sender
{
    private const int InBatch = 20;
    private const int MostWaiting = 2000;

    public static int Run(string server, string spool, long first)
    {
        using RedisSink sink = new(new RedisOutputSettings { Name = "fleet", Redis = new RedisSettings { Server = server }, HostName = "dom0-1", SpoolFolder = spool, MostEntries = null }, new AgentIdentity());
        for (long number = first; ; number += InBatch)
        {
            sink.Write(Entries.Of(number, InBatch));
            Console.WriteLine(number + InBatch);
            while (sink.State.Waiting > MostWaiting) Thread.Sleep(1);
        }
    }
}
