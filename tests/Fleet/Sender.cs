using XenVmEvent.Agent;

namespace XenVmEvent.Fleet;

/// <summary>An agent's end, to be killed. It writes at a steady rate, whatever becomes of Redis.</summary>
internal static class Sender
{
    private const int InBatch = 20;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(5);

    public static int Run(string server, string spool, long first)
    {
        using RedisSink sink = new(new RedisOutputSettings { Name = "fleet", Redis = new RedisSettings { Server = server }, HostName = "dom0-1", SpoolFolder = spool, MostEntries = null }, new AgentIdentity());
        string? told = null;
        for (long number = first; ; number += InBatch)
        {
            sink.Write(RecordedLines.Of(number, InBatch));
            Console.WriteLine(number + InBatch);
            Tell(sink.State, ref told);
            Thread.Sleep(Period);
        }
    }

    private static void Tell(EventSinkState state, ref string? told)
    {
        if (state.Problem == told) return;
        Console.Error.WriteLine($"{DateTime.Now:HH:mm:ss.f} {state.Problem ?? "It works again."} {state.Waiting} events wait.");
        told = state.Problem;
    }
}
