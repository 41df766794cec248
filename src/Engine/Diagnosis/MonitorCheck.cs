namespace XenVmEvent.Diagnosis;

/// <summary>One thing that monitoring needs, and whether it is there.</summary>
/// <param name="Domain">The name of the domain that was looked at; null for the host.</param>
/// <param name="Name">What was checked, a name that does not change.</param>
/// <param name="Result">How it came out.</param>
/// <param name="Found">What was found, for people.</param>
/// <param name="Remedy">What to do about it; empty where there is nothing to do.</param>
public sealed record MonitorCheck(string? Domain, string Name, CheckResult Result, string Found, string Remedy);
