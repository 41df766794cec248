using System.Diagnostics;
using XenVmEvent.Agent;
using XenVmEvent.PolicyFiles;
using XenVmEvent.Simulation;

namespace XenVmEvent.Fleet;

/// <summary>
/// How long a guest waits for its answers, from its request until it runs on: without outputs, and with one to a Redis that
/// works, stands still or is gone. One after the other, in rounds.
/// </summary>
internal static class Delay
{
    private const int Rounds = 5;

    private const string Policy = "{version: 1, name: leaves, domains: ['*'], rules: [{name: leaf, event: Cpuid}]}";

    /// <param name="server">The Redis.</param>
    /// <param name="process">Its process.</param>
    /// <param name="folder">For spools.</param>
    /// <param name="rate">Events a second; 0: as many as are answered.</param>
    /// <param name="seconds">For each.</param>
    public static int Run(string server, int process, string folder, int rate, int seconds)
    {
        (string Name, Func<List<double>> Measure)[] cases =
        [
            ("no output", () => Measure(folder, rate, seconds, server: null)),
            ("Redis works", () => Measure(folder, rate, seconds, server)),
            ("Redis stands still", () => WhileStopped(process, () => Measure(folder, rate, seconds, server))),
            ("Redis is gone", () => Measure(folder, rate, seconds, $"!{Path.Combine(folder, "nobody.sock")}")),
        ];
        List<double>[] times = [.. cases.Select(_ => new List<double>())];
        cases[0].Measure();
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < cases.Length; i++) times[i].AddRange(cases[i].Measure());
        }

        Console.WriteLine($"a guest's wait for an answer in µs, {(rate > 0 ? $"{rate} events/s" : "as many events as are answered")}, {Rounds} rounds of {seconds} s");
        Console.WriteLine("                        events     median        p99");
        for (int i = 0; i < cases.Length; i++)
        {
            times[i].Sort();
            Console.WriteLine($"{cases[i].Name,-20} {times[i].Count,9}   {times[i][times[i].Count / 2],8:0.0}   {times[i][(int)(times[i].Count * 0.99)],8:0.0}");
        }

        return 0;
    }

    private static List<double> WhileStopped(int process, Func<List<double>> measure)
    {
        Signal(process, "STOP");
        try
        {
            return measure();
        }
        finally
        {
            Signal(process, "CONT");
        }
    }

    private static List<double> Measure(string folder, int rate, int seconds, string? server)
    {
        using SimulatedHypervisor host = new(new SimulationOptions
        {
            Domains = [new() { Id = 1, Name = "web01", VCpus = 1, Pages = SimulatedDomainOptions.FewestPages, Workload = new Workload(GuestActionKind.Cpuid), RoundsPerSecond = rate }],
        });
        AgentConfiguration configuration = new()
        {
            PolicyFolder = folder,
            Policies = [new LoadedPolicy(PolicyFile.Parse(Policy, _ => throw new NotSupportedException(), out _)!, "leaves.yaml", "")],
            Outputs = server is null ? [] : [new RedisOutputSettings { Name = "fleet", Redis = new RedisSettings { Server = server }, HostName = "delay", SpoolFolder = Path.Combine(folder, Path.GetRandomFileName()), SpoolSize = 64 << 20 }],
            Status = new StatusSettings { Socket = Path.Combine(folder, "agent.sock") },
            Limits = new AgentLimits { EndTime = TimeSpan.FromSeconds(1) },
        };
        List<double> times = new((seconds + 1) * 300_000);
        bool isMeasured = false;
        host.Domains[0].RanOn = (_, wait) =>
        {
            if (Volatile.Read(ref isMeasured)) times.Add(wait.TotalMicroseconds);
        };
        using AgentService service = new(host, configuration, new AgentLog(_ => { }, _ => ""), ServiceManager.Find(_ => null));
        using CancellationTokenSource stop = new();
        Thread thread = new(() => service.Run(stop.Token));
        thread.Start();
        Thread.Sleep(TimeSpan.FromSeconds(1));
        Volatile.Write(ref isMeasured, true);
        Thread.Sleep(TimeSpan.FromSeconds(seconds));
        Volatile.Write(ref isMeasured, false);
        stop.Cancel();
        thread.Join();
        return times;
    }

    private static void Signal(int process, string name)
    {
        using Process kill = Process.Start("sh", ["-c", $"kill -s {name} {process}"]);
        kill.WaitForExit();
    }
}
