namespace XenVmEvent.Simulation;

/// <summary>
/// The pages of a domain that have no memory until somebody accesses them or sets their access. Changed only under the
/// domain's gate.
/// </summary>
internal sealed class OnDemandPages
{
    private readonly ulong _first;
    private readonly bool[] _isLeft;
    private int _left;

    public OnDemandPages((ulong First, ulong Last)? pages)
    {
        _first = pages?.First ?? 0;
        _isLeft = new bool[pages is { } some ? some.Last - some.First + 1 : 0];
        Array.Fill(_isLeft, true);
        _left = _isLeft.Length;
    }

    /// <summary>How many are left.</summary>
    public int Count => Volatile.Read(ref _left);

    public bool Contains(ulong gfn) => gfn - _first < (ulong)_isLeft.Length && Volatile.Read(ref _isLeft[gfn - _first]);

    /// <summary>Populates a page.</summary>
    /// <returns>False: it already had memory.</returns>
    public bool Populate(ulong gfn)
    {
        if (!Contains(gfn)) return false;
        Volatile.Write(ref _isLeft[gfn - _first], false);
        Volatile.Write(ref _left, _left - 1);
        return true;
    }
}
