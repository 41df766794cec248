using XenVmEvent.Diagnosis;
using Xunit;

namespace XenVmEvent.Tests.Diagnosis;

/// <summary>Looks at what a diagnosis found.</summary>
internal static class Checks
{
    /// <summary>
    /// The check with this name has this result, and has a remedy exactly if there is something to do.
    /// </summary>
    public static MonitorCheck AssertIs(this IReadOnlyList<MonitorCheck> checks, string name, CheckResult result)
    {
        MonitorCheck check = Assert.Single(checks, c => c.Name == name);
        Assert.True(result == check.Result, check.ToString());
        Assert.Matches("[.]( [(].*[)])?$", check.Found);
        if (result is CheckResult.Passed or CheckResult.Skipped) Assert.Empty(check.Remedy);
        else Assert.EndsWith(".", check.Remedy, StringComparison.Ordinal);
        return check;
    }

    /// <summary>The names of the checks with this result.</summary>
    public static string[] Names(this IReadOnlyList<MonitorCheck> checks, CheckResult result) =>
        [.. checks.Where(c => c.Result == result).Select(c => c.Name)];
}
