using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Xen's switches for events, counted: the first who wants an event turns it on, the last one out turns it off.
/// Page access has none: see <see cref="PageRights"/>. Used by the pump's thread.
/// </summary>
internal sealed class EventSwitches(IDomainMonitor monitor)
{
    private readonly Dictionary<EventSwitch, int> _users = [];
    private bool _registerWritesHeldBack;

    /// <summary>Has register writes wait for their answer, so that it can deny them.</summary>
    public void HoldBackRegisterWrites()
    {
        if (_registerWritesHeldBack) return;
        monitor.HoldBackRegisterWrites();
        _registerWritesHeldBack = true;
    }

    /// <summary>Turns on what a watch needs, or, failing, nothing.</summary>
    public void Enable(EventWatch watch)
    {
        List<EventSwitch> wanted = SwitchesOf(watch);
        foreach (EventSwitch one in wanted) EnsurePossible(one);
        if (watch.Hold && wanted.Exists(one => one.IsRegisterWrite)) HoldBackRegisterWrites();
        int done = 0;
        try
        {
            for (; done < wanted.Count; done++) Enable(wanted[done]);
        }
        catch
        {
            while (done > 0) Disable(wanted[--done]);
            throw;
        }
    }

    /// <summary>Gives up what a watch needed.</summary>
    public void Disable(EventWatch watch)
    {
        foreach (EventSwitch one in SwitchesOf(watch)) Disable(one);
    }

    private List<EventSwitch> SwitchesOf(EventWatch watch)
    {
        List<EventSwitch> switches = [.. EventSwitch.NeededBy(watch)];

        // Watched pages can need emulation; what Xen cannot emulate would otherwise give the guest an exception.
        bool canReport = (monitor.Capabilities & EventSwitch.FailedEmulation.Capability) != 0;
        if (watch.Pages is not null && canReport && !switches.Contains(EventSwitch.FailedEmulation)) switches.Add(EventSwitch.FailedEmulation);
        return switches;
    }

    private void Enable(EventSwitch one)
    {
        int users = _users.GetValueOrDefault(one);
        if (users == 0) one.Set(monitor, enable: true);
        _users[one] = users + 1;
    }

    private void Disable(EventSwitch one)
    {
        int users = _users.GetValueOrDefault(one);
        if (users == 0) return;
        if (users > 1)
        {
            _users[one] = users - 1;
            return;
        }

        _users.Remove(one);
        one.Set(monitor, enable: false);
    }

    private void EnsurePossible(EventSwitch one)
    {
        if ((monitor.Capabilities & one.Capability) == 0)
        {
            throw new XenException(
                XenErrorId.NotSupported,
                $"This host cannot raise {one.Kind} events for this domain.",
                "Watch other kinds of event, or run the guest on a host whose hardware and Xen version can.");
        }

        if (_users.Keys.Any(other => other.ConflictsWith(one)))
        {
            throw new XenException(
                XenErrorId.ConflictingWatch,
                $"{one.Kind} events are being watched already with other options, and Xen has one setting for all.",
                "Watch with the same options, or end the other watch first.");
        }
    }
}
