namespace XenVmEvent.Monitoring;

/// <summary>The places of a watch: where its symbols say or, once they are set in a guest, where they are there.</summary>
internal sealed class BreakpointSites(BreakpointWatch watch)
{
    private IReadOnlyDictionary<ulong, string?> _symbols = watch.At.DistinctBy(one => one.Address).ToDictionary(one => one.Address, one => one.Symbol);

    public BreakpointWatch Watch { get; } = watch;

    /// <summary>Whether one of them is at a linear address.</summary>
    public bool Contains(ulong address) => _symbols.ContainsKey(address);

    /// <summary>What the place at a linear address is called; null if it has no name.</summary>
    public string? SymbolAt(ulong address) => _symbols.GetValueOrDefault(address);

    /// <summary>They are somewhere else. The names are by linear address.</summary>
    public void Move(IReadOnlyDictionary<ulong, string?> symbols) => _symbols = symbols;
}
