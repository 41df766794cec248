namespace XenVmEvent.Diagnosis;

/// <summary>Checks, one after the other; once one fails that others build on, those are skipped.</summary>
/// <param name="domain">The name of the domain; null for the host.</param>
internal sealed class CheckList(string? domain)
{
    private readonly List<MonitorCheck> _checks = [];
    private string? _missing;

    public IReadOnlyList<MonitorCheck> Checks => _checks;

    /// <summary>Makes a check that the following build on. An error of Xen is a failure.</summary>
    public void Require(string name, Func<Finding> look)
    {
        Check(name, look);
        if (_checks[^1].Result == CheckResult.Failed) _missing = name;
    }

    /// <summary>Makes a check. An error of Xen comes out as <paramref name="otherwise"/> says.</summary>
    public void Check(string name, Func<Finding> look, CheckResult otherwise = CheckResult.Failed)
    {
        Finding finding = _missing is null ? Look(look, otherwise) : new Finding(CheckResult.Skipped, $"Not looked at: the check {_missing} failed.");
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
/// <param name="Result">How it came out.</param>
/// <param name="Found">What was found, a whole sentence.</param>
/// <param name="Remedy">What to do about it, a whole sentence; empty where there is nothing to do.</param>
/// <param name="Task">What that comes down to, for a face to add its command.</param>
internal readonly record struct Finding(CheckResult Result, string Found, string Remedy = "", RemedyTask Task = RemedyTask.None)
{
    public static Finding Passed(string found) => new(CheckResult.Passed, found);
}
