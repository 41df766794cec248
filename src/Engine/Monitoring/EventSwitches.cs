using XenVmEvent.Hypervisor;

namespace XenVmEvent.Monitoring;

/// <summary>
/// Xen's switches for events, counted: the first who wants an event turns it on, the last one out turns it off.
/// Page access has none: see <see cref="PageRights"/>. Used by the pump's thread.
/// </summary>
internal sealed class EventSwitches(IDomainMonitor monitor)
{
    private readonly Dictionary<EventSwitch, int> _users = [];

    /// <summary>Turns on what a watch needs, or, failing, nothing.</summary>
    public void Enable(EventWatch watch)
    {
        List<EventSwitch> wanted = [.. EventSwitch.NeededBy(watch)];
        foreach (EventSwitch one in wanted) EnsurePossible(one);
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
        foreach (EventSwitch one in EventSwitch.NeededBy(watch)) Disable(one);
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
