namespace XenVmEvent.Monitoring;

/// <summary>Tries steps one after the other, even if an earlier one failed.</summary>
internal sealed class Attempts
{
    private readonly List<XenException> _failures = [];

    /// <summary>The failures.</summary>
    public IReadOnlyList<XenException> Failures => _failures;

    /// <summary>Does a step, and repeats it if Xen's refusal may pass.</summary>
    /// <returns>Whether it succeeded.</returns>
    public bool Try(Action step) => TryOnce(() => Retry.WhileRefused(step));

    /// <summary>Does a step that must not be repeated.</summary>
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

    /// <summary>Records a failure, but not the same one twice in a row.</summary>
    public void Note(Exception failure)
    {
        var one = XenException.From(failure);
        if (_failures.LastOrDefault()?.Message != one.Message) _failures.Add(one);
    }

    /// <summary>Forgets the failures: something else has explained them.</summary>
    public void Forget() => _failures.Clear();
}
