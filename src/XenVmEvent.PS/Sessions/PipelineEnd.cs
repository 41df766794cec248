using System.Management.Automation;
using System.Management.Automation.Language;

namespace XenVmEvent.PS;

/// <summary>Where a pipeline's output goes, as far as the command line tells.</summary>
internal static class PipelineEnd
{
    /// <summary>Commands that take objects and write none, or one at the end.</summary>
    private static readonly string[] Keepers =
    [
        "Export-XenVmEvent", "Measure-XenVmEvent", "ConvertTo-XenVmEventReport", "Export-XenVmEventReport", "Measure-Object", "measure",
        "Out-Null", "Out-File", "Set-Content", "sc", "Add-Content", "ac", "Export-Csv", "epcsv", "Export-Clixml",
    ];

    /// <summary>With these parameters they write each object, or one now and then.</summary>
    private static readonly string[] Showing = ["PassThru", "Interval"];

    /// <summary>
    /// Whether a command's output is certainly kept from the screen: assigned, redirected to a file, or taken by a
    /// command that is known to write nothing meanwhile.
    /// </summary>
    public static bool IsOffScreen(InvocationInfo invocation)
    {
        ScriptBlockAst line = Parser.ParseInput(invocation.Line, out _, out _);
        int column = invocation.OffsetInLine;
        if (line.Find(a => a is CommandAst && a.Extent.StartColumnNumber == column && a.Extent.StartLineNumber == 1, searchNestedScriptBlocks: true)
            is not CommandAst { Parent: PipelineAst pipeline }) return false;
        return pipeline.Parent is AssignmentStatementAst
            || pipeline.PipelineElements[^1] is CommandAst last && (last.Redirections.Any(IsOutputToFile) || Keeps(last));
    }

    private static bool IsOutputToFile(RedirectionAst redirection) =>
        redirection is FileRedirectionAst { FromStream: RedirectionStream.Output or RedirectionStream.All };

    private static bool Keeps(CommandAst command) =>
        Keepers.Contains(command.GetCommandName(), StringComparer.OrdinalIgnoreCase)
        && !command.CommandElements.OfType<CommandParameterAst>().Any(
            p => Array.Exists(Showing, s => s.StartsWith(p.ParameterName, StringComparison.OrdinalIgnoreCase)));
}
