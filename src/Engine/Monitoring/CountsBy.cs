using System.Collections.ObjectModel;

namespace XenVmEvent.Monitoring;

/// <summary>Counts by what was counted. As text, "MemAccess 2, Cpuid 1": a table or a file of values shows them so.</summary>
internal sealed class CountsBy<T>(IDictionary<T, long> counts) : ReadOnlyDictionary<T, long>(counts) where T : notnull
{
    public override string ToString() => string.Join(", ", Dictionary.Select(c => $"{c.Key} {c.Value}"));
}
