using System.Diagnostics;
using XenVmEvent.Abi;
using XenVmEvent.Monitoring;
using XenVmEvent.PolicyFiles;

namespace XenVmEvent.Bench;

/// <summary>
/// What the rules of a policy add to an event, in nanoseconds: the best of many rounds in one thread. The event is a
/// CPUID that is answered and not shown. Of the rules, only the last fits.
/// </summary>
internal static class RuleCost
{
    public const string TenRules = "ten rules, of which the last fits, an event";
    public const string Bytes = "bytes for an event that a rule answers and does not show";

    private const int Rounds = 300;
    private const int EventsPerRound = 1000;

    public static void Measure(Results results)
    {
        VmEventLayout layout = VmEventLayout.ForVersion(VmEventLayout.NewestVersion);
        byte[] request = EventSteps.Request();
        _ = Best(Of(10)); // Until it is compiled.
        results.Add("one rule that fits, an event", Best(Of(1)), "ns");
        results.Add(TenRules, Best(Of(10)), "ns");
        results.Add("a hundred rules, of which the last fits, an event", Best(Of(100)), "ns");

        RuleDecider decider = Of(10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < EventsPerRound; i++) Decide(decider);
        results.Add(Bytes, (double)(GC.GetAllocatedBytesForCurrentThread() - before) / EventsPerRound, "bytes");

        void Decide(RuleDecider rules)
        {
            RequestReader reader = new(request, layout);
            if (rules.Find(reader) is not { } rule) throw new InvalidOperationException("No rule fits.");
            if (rules.Reports(rule, isSynchronous: true, now: 1, out _, out _)) throw new InvalidOperationException("The rule shows the event.");
            _ = rule.AnswerTo(reader);
        }

        double Best(RuleDecider rules)
        {
            double best = double.MaxValue;
            for (int round = 0; round < Rounds; round++)
            {
                long start = Stopwatch.GetTimestamp();
                for (int i = 0; i < EventsPerRound; i++) Decide(rules);
                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / EventsPerRound);
            }

            return best;
        }
    }

    /// <summary>As many rules as given, all for CPUID, each with a condition.</summary>
    private static RuleDecider Of(int count)
    {
        IEnumerable<string> others = Enumerable.Range(1, count - 1).Select(i =>
            $"- {{name: r{i}, event: Cpuid, when: leaf == 0x4000000{i % 10} and rax & 0xff != {i}, answer: continue, report: none}}\n");
        string text = $"version: 1\nname: bench\ndomains: ['*']\nrules:\n{string.Concat(others)}- {{name: last, event: Cpuid, when: leaf == 1 and vcpu in 0..15, set: {{rcx: rcx & 0x7fffffff}}, report: none}}\n";
        EventRules rules = PolicyFile.Parse(text, _ => throw new NotSupportedException(), out _)!.RulesFor("guest");
        return new RuleDecider(rules, GuestArchitecture.X86, start: 0, now: 0);
    }
}
