using System.Security.Cryptography;
using XenVmEvent.Policy;
using XenVmEvent.Symbols;

namespace XenVmEvent.PolicyFiles;

/// <summary>Reads policies from files of YAML or JSON.</summary>
public static class PolicyFile
{
    /// <summary>The largest file in bytes.</summary>
    public const int LargestFile = 1 << 20;

    /// <summary>Reads a policy.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidPolicy"/>: the file cannot be read, or is wrong. The message has the first problem.
    /// </exception>
    public static VmEventPolicy Read(string path)
    {
        if (Read(path, out IReadOnlyList<PolicyProblem> problems) is { } policy) return policy;
        string more = problems.Count > 1 ? $" {problems.Count - 1} more problems follow." : "";
        throw new XenException(
            XenErrorId.InvalidPolicy, $"The policy '{path}' is wrong at {problems[0]}{more}", "Correct the file.", task: RemedyTask.CheckPolicy);
    }

    /// <summary>Reads a policy, or finds all that is wrong with it.</summary>
    /// <param name="path">The file. Files of symbols that it names are searched from its folder.</param>
    /// <param name="problems">What is wrong with the contents; empty if nothing is.</param>
    /// <returns>The policy; null if anything is wrong.</returns>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidPolicy"/>: the file cannot be opened, is too large, or is not text.
    /// </exception>
    public static VmEventPolicy? Read(string path, out IReadOnlyList<PolicyProblem> problems) => Read(path, out _, out problems);

    /// <inheritdoc cref="Read(string, out IReadOnlyList{PolicyProblem})"/>
    /// <param name="path">The file. Files of symbols that it names are searched from its folder.</param>
    /// <param name="sha256">The SHA-256 of the file's bytes, in hexadecimal digits.</param>
    /// <param name="problems">What is wrong with the contents; empty if nothing is.</param>
    public static VmEventPolicy? Read(string path, out string sha256, out IReadOnlyList<PolicyProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(path);
        byte[] bytes = TextFile.Read(path, LargestFile, why => Unreadable(path, why));
        sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        string text = TextFile.Decode(bytes, why => Unreadable(path, why));
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Parse(text, file => ReadSymbols(Path.Combine(folder, file)), out problems);
    }

    /// <summary>Reads a policy from a text, or finds all that is wrong with it.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="readSymbols">Reads the symbols in a file that the policy names.</param>
    /// <param name="problems">What is wrong; empty if nothing is.</param>
    /// <returns>The policy; null if anything is wrong.</returns>
    public static VmEventPolicy? Parse(string text, Func<string, SymbolMap> readSymbols, out IReadOnlyList<PolicyProblem> problems)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            return PolicyReader.Read(YamlTree.Read(text), readSymbols, out problems);
        }
        catch (PolicyProblemException e)
        {
            problems = [e.Problem];
            return null;
        }
    }

    private static SymbolMap ReadSymbols(string file)
    {
        try
        {
            return SymbolMap.Read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or ArgumentException or NotSupportedException)
        {
            throw Unreadable(file, e.Message, e, "symbols");
        }
    }

    private static XenException Unreadable(string path, string why, Exception? inner = null, string what = "policy") => new(
        XenErrorId.InvalidPolicy, $"The {what} in '{path}' cannot be read. {why}", "Name a file that exists, with the permission to read it.", inner);
}
