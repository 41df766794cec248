using System.Management.Automation;
using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>
/// Import-XenVmEvent: reads events that Export-XenVmEvent or xenvmevent has recorded: the same objects, with their registers
/// and the responses that were given. A last line that breaks off is left out with a warning.
/// </summary>
[Cmdlet(VerbsData.Import, "XenVmEvent", DefaultParameterSetName = ByPath)]
[OutputType(typeof(VmEvent))]
public sealed class ImportXenVmEventCommand : RecordingCmdlet
{
    private const string ByPath = "Path";
    private const string ByLiteralPath = "LiteralPath";

    /// <summary>The files, with or without wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ByPath)]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>The files, taken as they are written, as Get-ChildItem returns them.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ByLiteralPath)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string path in LiteralPath) ReadLiteral(path, WriteObject);
        foreach (string path in Path) ReadAll(path, WriteObject);
    }
}
