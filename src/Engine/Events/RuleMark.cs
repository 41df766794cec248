namespace XenVmEvent.Events;

/// <summary>What an event says about the rule that applied to it. Shared by all events of the rule.</summary>
/// <param name="Policy">The name of the rule's policy.</param>
/// <param name="Rule">The name of the rule.</param>
/// <param name="Severity">How serious an event of the rule is.</param>
/// <param name="Message">What the rule's author says about its events; null for nothing.</param>
internal sealed record RuleMark(string Policy, string Rule, RuleSeverity Severity, string? Message);

/// <summary>How serious an event is, according to the rule that applied to it. From the least to the most serious.</summary>
public enum RuleSeverity
{
    /// <summary>For the record.</summary>
    Info,

    /// <summary>Unusual, but not wrong.</summary>
    Notice,

    /// <summary>May be an attack.</summary>
    Warning,

    /// <summary>Is an attack, or breaks the guest.</summary>
    Critical,
}
