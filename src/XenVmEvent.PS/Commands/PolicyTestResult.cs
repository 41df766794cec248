using XenVmEvent.Policy;

namespace XenVmEvent.PS;

/// <summary>Whether a policy's file is valid, for Test-XenVmEventPolicy.</summary>
public sealed class PolicyTestResult
{
    internal PolicyTestResult(string path, VmEventPolicy? policy, IReadOnlyList<PolicyProblem> problems)
    {
        Path = path;
        Policy = policy;
        Problems = problems;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Whether nothing is wrong with it.</summary>
    public bool IsValid => Policy is not null;

    /// <summary>The policy; null if the file is wrong.</summary>
    public VmEventPolicy? Policy { get; }

    /// <summary>All that is wrong with the file, each with its line and column.</summary>
    public IReadOnlyList<PolicyProblem> Problems { get; }

    /// <inheritdoc/>
    public override string ToString() => IsValid ? $"{Path}: valid" : string.Join('\n', Problems.Select(problem => $"{Path}: {problem}"));
}
