using System.Diagnostics;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Has the rules of a session's policies begin when their time has come: nothing is switched on for them before. Used by
/// the pump's thread.
/// </summary>
internal sealed class RuleBeginnings(IHypervisor hypervisor, XenDomain domain, WatchSetup setup, PumpQueue queue, Action<string>? warn)
{
    /// <summary>How often to look whether a guest has started its kernel: ten times a second.</summary>
    private static readonly long LocatePeriod = Stopwatch.Frequency / 10;

    /// <summary>Looks which rules of a policy are due. What they need is done as work between events.</summary>
    public void BeginDue(RuleDecider decider)
    {
        if (decider.IsClosed) return;
        if (decider.TryEndBootWatch(out FilteredWatch bootWatch)) queue.Add(new PumpWork(() => setup.GiveBack(bootWatch)));
        while (decider.TakeDue(Stopwatch.GetTimestamp()) is { } rule) queue.Add(new PumpWork(() => Begin(decider, rule), failure => NotBegun(rule, failure)));
    }

    /// <summary>Finds the pages of rules that are due, before anything is switched on for them.</summary>
    public IEnumerable<int> LocateDue(RuleDecider decider)
    {
        while (decider.TakeDue(Stopwatch.GetTimestamp()) is { } rule)
        {
            foreach (int step in Locate(decider, rule)) yield return step;
            if (!decider.IsPostponed(rule)) rule.Begin();
        }
    }

    /// <summary>Switches on what a rule needs, and has it decide.</summary>
    private IEnumerable<int> Begin(RuleDecider decider, RuleAtWork rule)
    {
        foreach (int step in Locate(decider, rule)) yield return step;
        if (decider.IsClosed || decider.IsPostponed(rule)) yield break;
        setup.Enable([rule.Watched]);
        rule.Begin();
        foreach (int step in setup.ChangeGuest(rule.Watched)) yield return step;
    }

    /// <summary>
    /// Finds the pages of the parts of the kernel that a rule is about. If the guest has not started its kernel, the rule is
    /// due again later.
    /// </summary>
    private IEnumerable<int> Locate(RuleDecider decider, RuleAtWork rule)
    {
        if (rule.Rule.Watch.Pages?.Kernel is not { } parts) yield break;
        using IDomainMemory memory = hypervisor.OpenMemory(domain);
        GuestKernel kernel = new(memory, domain.VCpus);
        if (kernel.IsStarting(parts.Kernel))
        {
            decider.Postpone(rule, Stopwatch.GetTimestamp() + LocatePeriod);
            yield break;
        }

        LocatedParts located = new();
        foreach (int step in located.Find(parts, kernel, domain.ToString())) yield return step;
        rule.Watched.Filter.Locate(located);
    }

    private void NotBegun(RuleAtWork rule, Exception failure)
    {
        if (rule.HasBegun) queue.Add(new PumpWork(() => setup.GiveBack(rule.Watched)));
        rule.Begin(begins: false);
        warn?.Invoke($"{domain}: the rule {rule.Rule.Name} of the policy {rule.Mark.Policy} could not begin: {failure.Message}");
    }
}
