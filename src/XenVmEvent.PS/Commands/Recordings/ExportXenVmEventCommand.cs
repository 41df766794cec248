using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.PS;

/// <summary>
/// Export-XenVmEvent: records events in a file, one JSON object per line, with everything that Import-XenVmEvent needs
/// to recreate them. Every event is on the disk within a second.
/// </summary>
[Cmdlet(VerbsData.Export, "XenVmEvent", SupportsShouldProcess = true)]
[OutputType(typeof(VmEvent))]
public sealed class ExportXenVmEventCommand : XenCmdlet
{
    private RecordingWriter? _recording;

    /// <summary>The file; wildcards are taken literally. It is compressed if its name ends with .gz.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("PSPath", "LiteralPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>
    /// The events. A held event is recorded with its answer, when a later command in the pipeline answers it.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public VmEvent[] InputObject { get; set; } = [];

    /// <summary>Append to the file; otherwise it is overwritten.</summary>
    [Parameter]
    public SwitchParameter Append { get; set; }

    /// <summary>Overwrite or append to the file even if it is read-only.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Do not overwrite an existing file.</summary>
    [Parameter]
    [Alias("NoOverwrite")]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Pass the events on.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => Require(Path, () =>
    {
        string file = RecordingPath.Resolve(SessionState.Path, Path);
        if (!ShouldProcess(file, Append ? "Append events" : "Record events")) return;
        _recording = RecordingWriter.Open(file, new RecordingOptions { Append = Append, NoClobber = NoClobber, Force = Force });
    });

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (VmEvent vmEvent in InputObject)
        {
            if (_recording is { } recording) Require(Path, () => recording.Write(vmEvent));
            if (PassThru) WriteObject(vmEvent);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_recording is not { } recording) return;
        Require(Path, recording.Close);
        if (!recording.HasBegun) WriteWarning($"No event came: '{Path}' is unchanged.");
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // Events that came before the pipeline was stopped, or failed, are kept.
        if (disposing) _recording?.Dispose();
        base.Dispose(disposing);
    }
}
