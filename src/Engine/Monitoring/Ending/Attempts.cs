namespace XenVmEvent.Monitoring;

/// <summary>Steps that are each tried, even when an earlier one failed.</summary>
internal sealed class Attempts
{
    private readonly List<XenException> _failures = [];

    /// <summary>What failed.</summary>
    public IReadOnlyList<XenException> Failures => _failures;

    /// <summary>Does a step, and again what Xen refuses without a lasting reason.</summary>
    /// <returns>Whether it succeeded.</returns>
    public bool Try(Action step) => TryOnce(() => Retry.WhileRefused(step));

    /// <summary>Does a step that is not to be repeated.</summary>
    /// <returns>Whether it succeeded.</returns>
    public bool TryOnce(Action step)
    {
        try
        {
            step();
            return true;
        }
        catch (Exception e)
        {
            Note(e);
            return false;
        }
    }

    /// <summary>Notes a failure, but not the same one twice in a row.</summary>
    public void Note(Exception failure)
    {
        var one = XenException.From(failure);
        if (_failures.LastOrDefault()?.Message != one.Message) _failures.Add(one);
    }

    /// <summary>Forgets the failures: they came of what has been explained otherwise.</summary>
    public void Forget() => _failures.Clear();
}
