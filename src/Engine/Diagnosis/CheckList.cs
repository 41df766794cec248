namespace XenVmEvent.Diagnosis;

/// <summary>Checks, made one after the other. Once a check fails that others depend on, those are skipped.</summary>
/// <param name="domain">The name of the domain; null for the host.</param>
internal sealed class CheckList(string? domain)
{
    private readonly List<MonitorCheck> _checks = [];
    private string? _missing;

    public IReadOnlyList<MonitorCheck> Checks => _checks;

    /// <summary>Makes a check that the following ones depend on. An error from Xen is a failure.</summary>
    public void Require(string name, Func<Finding> look)
    {
        Check(name, look);
        if (_checks[^1].Result == CheckResult.Failed) _missing = name;
    }

    /// <summary>Makes a check. An error from Xen becomes <paramref name="otherwise"/>.</summary>
    public void Check(string name, Func<Finding> look, CheckResult otherwise = CheckResult.Failed)
    {
        Finding finding = _missing is null ? Look(look, otherwise) : new Finding(CheckResult.Skipped, $"Not checked: the check {_missing} failed.");
        _checks.Add(new MonitorCheck(domain, name, finding.Result, finding.Found, finding.Remedy, finding.Task));
    }

    private static Finding Look(Func<Finding> look, CheckResult otherwise)
    {
        try
        {
            return look();
        }
        catch (XenException e)
        {
            return new Finding(otherwise, e.Message, e.Remedy, e.RemedyTask);
        }
    }
}

/// <summary>What a check found.</summary>
/// <param name="Result">The result.</param>
/// <param name="Found">What was found, a whole sentence.</param>
/// <param name="Remedy">What to do about it, a whole sentence; empty if there is nothing to do.</param>
/// <param name="Task">The task behind the remedy, for a face to add its command.</param>
internal readonly record struct Finding(CheckResult Result, string Found, string Remedy = "", RemedyTask Task = RemedyTask.None)
{
    public static Finding Passed(string found) => new(CheckResult.Passed, found);
}
