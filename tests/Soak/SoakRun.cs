using System.Diagnostics;
using XenVmEvent.Hypervisor;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Recovery;

namespace XenVmEvent.Soak;

/// <summary>Rounds for as long as told, with what the process has of the machine at the start and at the end.</summary>
/// <param name="guardProgram">The file of xenvmevent, which is the guard's program.</param>
/// <param name="seed">What the rounds derive from.</param>
internal sealed class SoakRun(string guardProgram, int seed)
{
    /// <summary>Rounds until everything that is made once is there: compiled code, thread pools, buffers.</summary>
    private const int WarmUp = 50;

    /// <summary>What may come and go at the moment of counting: a thread of the pool, with its stack; a pipe that is being closed.</summary>
    private const int Slack = 16;

    /// <summary>Compiled code and the collector's own room.</summary>
    private const double SlackMegabytes = 48;

    private static readonly TimeSpan ReportEvery = TimeSpan.FromMinutes(1);

    private readonly Totals _totals = new();
    private readonly Random _random = new(seed);

    /// <returns>True when nothing failed, froze or grew.</returns>
    public bool Run(TimeSpan length)
    {
        Console.WriteLine($"soak: {length.TotalMinutes:0.#} minutes, seed {seed}");
        using GuardedHypervisor host = new(XenHypervisor.Connect(), guardProgram, warning => _totals.Fail(0, $"guard: {warning}"));
        XenDomain guest = host.GetDomains().Single(d => d.Id != 0);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < WarmUp; i++) DoRound(host, guest);
        Footprint before = Footprint.Take();
        Console.WriteLine($"soak: at the start: {before}");

        long reported = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < length)
        {
            DoRound(host, guest);
            if (Stopwatch.GetElapsedTime(reported) < ReportEvery) continue;
            reported = Stopwatch.GetTimestamp();
            Console.WriteLine($"soak: {Stopwatch.GetElapsedTime(start).TotalMinutes:F0} min: {_totals}; {Footprint.Take()}");
        }

        Footprint after = Footprint.Take();
        Console.WriteLine($"soak: at the end:   {after}");
        Console.WriteLine($"soak: {_totals}");
        bool grew = after.Descriptors > before.Descriptors + Slack || after.Children > before.Children
            || after.Threads > before.Threads + Slack || after.Mappings > before.Mappings + 4 * Slack
            || after.HeapMegabytes > before.HeapMegabytes + SlackMegabytes || after.ResidentMegabytes > before.ResidentMegabytes + SlackMegabytes;
        if (grew) Console.WriteLine("soak: FAILED: it grew");
        return !grew && _totals.Failures == 0;
    }

    private void DoRound(GuardedHypervisor host, XenDomain guest)
    {
        int round = _random.Next();
        try
        {
            new SoakRound(host, guest, new Random(round)).Run(_totals);
        }
        catch (Exception e)
        {
            _totals.Fail(round, e.ToString());
        }
    }
}
