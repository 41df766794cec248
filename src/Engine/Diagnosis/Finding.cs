namespace XenVmEvent.Diagnosis;

/// <summary>What a check found.</summary>
/// <param name="Result">How it came out.</param>
/// <param name="Found">What was found, a whole sentence.</param>
/// <param name="Remedy">What to do about it, a whole sentence; empty where there is nothing to do.</param>
internal readonly record struct Finding(CheckResult Result, string Found, string Remedy = "")
{
    public static Finding Passed(string found) => new(CheckResult.Passed, found);
}
