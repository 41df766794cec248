using XenVmEvent.Policy;

namespace XenVmEvent.PS;

/// <summary>Whether a policy's file is valid, for Test-XenVmEventPolicy.</summary>
public sealed class PolicyTestResult
{
    internal PolicyTestResult(string path, VmEventPolicy? policy, IReadOnlyList<PolicyProblem> problems)
    {
        Path = path;
        IsValid = policy is not null;
        Policy = policy?.Name;
        Mode = policy?.Mode;
        Domains = policy?.Domains ?? [];
        Rules = policy?.Rules.Select(rule => rule.Name).ToArray() ?? [];
        Problems = problems;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Whether nothing is wrong with it.</summary>
    public bool IsValid { get; }

    /// <summary>The policy's name; null if the file is wrong.</summary>
    public string? Policy { get; }

    /// <summary>Whether its rules answer; null if the file is wrong.</summary>
    public PolicyMode? Mode { get; }

    /// <summary>The guests that it is for.</summary>
    public IReadOnlyList<string> Domains { get; }

    /// <summary>The names of its rules, in order.</summary>
    public IReadOnlyList<string> Rules { get; }

    /// <summary>All that is wrong with the file, each with its line and column.</summary>
    public IReadOnlyList<PolicyProblem> Problems { get; }

    /// <inheritdoc/>
    public override string ToString() => IsValid ? $"{Path}: valid" : string.Join('\n', Problems.Select(problem => $"{Path}: {problem}"));
}
