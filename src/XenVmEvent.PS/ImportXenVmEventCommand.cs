using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.PS;

/// <summary>
/// Import-XenVmEvent: reads events that Export-XenVmEvent or xenvmevent has recorded: the same objects, with their registers
/// and the responses that were given. A last line that breaks off is left out with a warning.
/// </summary>
[Cmdlet(VerbsData.Import, "XenVmEvent", DefaultParameterSetName = ByPath)]
[OutputType(typeof(VmEvent))]
public sealed class ImportXenVmEventCommand : XenCmdlet
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
        foreach (string path in LiteralPath) Report(path, () => Import(RecordingPath.Resolve(SessionState.Path, path)));
        foreach (string path in Path)
        {
            Report(path, () =>
            {
                foreach (string file in RecordingPath.ResolveAll(SessionState.Path, path)) Report(file, () => Import(file));
            });
        }
    }

    /// <summary>A file whose first line is no event is no recording; of others, lines that are none are reported, and left out.</summary>
    private void Import(string file)
    {
        using RecordingReader recording = RecordingReader.Open(file);
        bool isRecording = false;
        while (!Stopped.IsCancellationRequested)
        {
            try
            {
                if (recording.Read() is not { } vmEvent) break;
                isRecording = true;
                WriteObject(vmEvent);
            }
            catch (XenException e) when (e.Id == XenErrorId.InvalidRecording && isRecording)
            {
                WriteError(ToErrorRecord(e, file));
            }
        }

        if (recording.IsTorn) WriteWarning($"The recording '{file}' breaks off at line {recording.Line}: what came last is lost, or still being written.");
    }
}
