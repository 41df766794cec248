using XenVmEvent.Events;

namespace XenVmEvent.Reporting;

/// <summary>Counts the events that were received from hosts, by host, kind and time, in bounded memory.</summary>
internal sealed class HostRows
{
    /// <summary>The maximum number of hosts with separate rows. With all kinds of event this takes 9 MiB.</summary>
    public const int Most = 256;

    private readonly Dictionary<string, HostRow> _rows = new(StringComparer.Ordinal);
    private readonly HostRow _others = new(null);

    /// <summary>The rows by name, with that of all others last.</summary>
    public IEnumerable<HostRow> InOrder => _rows.Values.OrderBy(row => row.Name, StringComparer.Ordinal).Concat(_others.Lane.ByKind.Count > 0 ? [_others] : []);

    /// <summary>The counts, for <see cref="Timeline.Widen"/>.</summary>
    public IEnumerable<long[]> Bins => _rows.Values.Append(_others).SelectMany(row => row.Lane.ByKind.Values);

    public void Add(string host, VmEvent vmEvent, int slot)
    {
        if (!_rows.TryGetValue(host, out HostRow? row)) row = _rows.Count < Most ? _rows[host] = new HostRow(host) : _others;
        row.Add(vmEvent, slot);
    }
}

/// <summary>The events of one host.</summary>
/// <param name="name">The host's name; null: all hosts without their own row.</param>
internal sealed class HostRow(string? name)
{
    public string? Name => name;

    public Lane Lane { get; } = new(name, 0);

    /// <summary>How many of them rules call a warning.</summary>
    public long Warnings { get; private set; }

    /// <summary>How many of them rules call critical.</summary>
    public long Critical { get; private set; }

    public void Add(VmEvent vmEvent, int slot)
    {
        Lane.Add(vmEvent.Kind, slot);
        if (vmEvent.Severity == RuleSeverity.Warning) Warnings++;
        if (vmEvent.Severity == RuleSeverity.Critical) Critical++;
    }
}
