using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Agent;

/// <summary>A guest on which policies are kept, with its session. Changed under the service's lock, read by any thread.</summary>
/// <param name="session">The session.</param>
/// <param name="events">Where the events go that the policies report.</param>
internal sealed class KeptGuest(MonitorSession session, GatheredEvents events)
{
    private volatile KeptPolicy[] _policies = [];

    /// <summary>The session.</summary>
    public MonitorSession Session => session;

    /// <summary>The policies; the first decides first.</summary>
    public IReadOnlyList<PreparedPolicy> Policies => [.. _policies.Select(one => one.Prepared)];

    /// <summary>What the guest has done since it was attached.</summary>
    public GuestStatus GetStatus(MonitorStatistics statistics) => new()
    {
        Domain = session.Domain.Name,
        DomainId = session.Domain.Id,
        Uuid = session.Domain.Uuid,
        Channel = session.Channel,
        Since = session.StartTime,
        Policies = [.. _policies.Select(one => one.Prepared.Name)],
        Events = statistics.Events,
        HeldNow = statistics.HeldNow,
        Lost = statistics.Lost + statistics.Shed,
    };

    /// <summary>
    /// Keeps these policies instead of those before. There is no moment at which neither is kept: policies that have only
    /// changed are replaced; otherwise the new ones are there before the old ones go.
    /// </summary>
    /// <param name="wanted">The policies.</param>
    /// <param name="buffer">How many events of each may wait; what comes while it is full is lost.</param>
    /// <exception cref="XenException">They cannot be kept. The old ones stay.</exception>
    public void Keep(IReadOnlyList<PreparedPolicy> wanted, int buffer)
    {
        if (Policies.Select(one => one.Name).SequenceEqual(wanted.Select(one => one.Name))) Replace(wanted);
        else Renew(wanted, buffer);
    }

    /// <summary>Keeps nothing any more. Events that were reported can still be taken.</summary>
    public void Release() => Exchange([]);

    private void Replace(IReadOnlyList<PreparedPolicy> wanted)
    {
        KeptPolicy[] before = _policies;
        for (int i = 0; i < wanted.Count; i++)
        {
            try
            {
                session.Replace(before[i].Subscription, wanted[i].Rules);
            }
            catch
            {
                while (i-- > 0) session.Replace(before[i].Subscription, before[i].Prepared.Rules);
                throw;
            }
        }

        _policies = [.. before.Zip(wanted, (one, its) => one with { Prepared = its })];
    }

    private void Renew(IReadOnlyList<PreparedPolicy> wanted, int buffer)
    {
        List<KeptPolicy> added = [];
        try
        {
            foreach (PreparedPolicy one in wanted) added.Add(new KeptPolicy(one, events.Apply(session, one.Rules, buffer, dropsWhenFull: true)));
        }
        catch
        {
            foreach (KeptPolicy one in added) one.Subscription.Dispose();
            throw;
        }

        Exchange([.. added]);
    }

    private void Exchange(KeptPolicy[] next)
    {
        KeptPolicy[] before = _policies;
        _policies = next;
        foreach (KeptPolicy one in before) one.Subscription.Dispose();
    }
}

/// <summary>A policy with its rules for one guest.</summary>
/// <param name="Loaded">The policy.</param>
/// <param name="Rules">Those of its rules that can be kept on the guest.</param>
internal sealed record PreparedPolicy(LoadedPolicy Loaded, EventRules Rules)
{
    /// <summary>The policy's name.</summary>
    public string Name => Rules.Name;

    /// <summary>Asks whether policies can be kept on a guest. Nothing changes.</summary>
    /// <exception cref="XenException">One of them cannot.</exception>
    public static IReadOnlyList<PreparedPolicy> Prepare(IEnumerable<LoadedPolicy> policies, IHypervisor hypervisor, XenDomain domain, Action<string> warn) =>
        [.. policies.Select(one => new PreparedPolicy(one, one.Policy.RulesFor(hypervisor, domain, warn)))];
}

/// <summary>A policy that is kept on a guest.</summary>
/// <param name="Prepared">The policy.</param>
/// <param name="Subscription">What keeps it.</param>
internal sealed record KeptPolicy(PreparedPolicy Prepared, EventSubscription Subscription);
