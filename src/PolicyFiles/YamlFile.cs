using XenVmEvent.Policy;

namespace XenVmEvent.PolicyFiles;

/// <summary>Reads a configuration from YAML or JSON as a tree, whose nodes know where they come from.</summary>
public static class YamlFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; its nodes say that they come from it.</param>
    /// <param name="problem">Why it is no tree; null if it is one.</param>
    /// <returns>The tree; null if it is none.</returns>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidConfiguration"/>: the file cannot be opened, is too large, or is not text.
    /// </exception>
    public static PolicyNode? Read(string path, out PolicyProblem? problem)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Parse(TextFile.Decode(TextFile.Read(path, PolicyFile.LargestFile, Unreadable), Unreadable), path, out problem);

        XenException Unreadable(string why) => new(
            XenErrorId.InvalidConfiguration, $"The configuration '{path}' cannot be read. {why}", "Name a file that exists, with the permission to read it.");
    }

    /// <summary>Reads a text.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="source">What its nodes say that they come from.</param>
    /// <param name="problem">Why it is no tree; null if it is one.</param>
    /// <returns>The tree; null if it is none.</returns>
    public static PolicyNode? Parse(string text, string source, out PolicyProblem? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(source);
        problem = null;
        try
        {
            return YamlTree.Read(text, source);
        }
        catch (PolicyProblemException e)
        {
            problem = e.Problem;
            return null;
        }
    }
}
