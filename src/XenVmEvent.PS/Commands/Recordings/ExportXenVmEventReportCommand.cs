using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Reporting;

namespace XenVmEvent.PS;

/// <summary>
/// Export-XenVmEventReport: makes one HTML page from events, live or recorded, that shows what happened and when:
/// events per second by kind, a lane for each vCPU, a heat map of pages, the busiest pages and instructions. The page
/// needs no network.
/// </summary>
[Cmdlet(VerbsData.Export, "XenVmEventReport", DefaultParameterSetName = OfEvents, SupportsShouldProcess = true)]
[Alias("ConvertTo-XenVmEventReport")]
[OutputType(typeof(string), typeof(FileInfo))]
public sealed class ExportXenVmEventReportCommand : RecordingCmdlet
{
    private const string OfEvents = "Events";
    private const string OfRecordings = "Recordings";

    private readonly EventReportBuilder _report = new();
    private ReportFile? _file;
    private string _filePath = "";

    /// <summary>
    /// The file; wildcards are taken literally. Without it the page is written to the pipeline as one string.
    /// </summary>
    [Parameter(Position = 0)]
    [Alias("LiteralPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The events.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = OfEvents)]
    public VmEvent[] InputObject { get; set; } = [];

    /// <summary>Recordings of events, compressed or not, with or without wildcards.</summary>
    [Parameter(Mandatory = true, ParameterSetName = OfRecordings)]
    [ValidateNotNullOrEmpty]
    public string[] RecordingPath { get; set; } = [];

    /// <summary>The title of the page; by default it names the domains.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Title { get; set; }

    /// <summary>Overwrite the file even if it is read-only.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Do not overwrite an existing file.</summary>
    [Parameter]
    [Alias("NoOverwrite")]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Write the file to the pipeline, as Get-Item does.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private bool IsWanted => Path is null || _file is not null;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (Path is null) return;
        Require(Path, () =>
        {
            string file = PS.RecordingPath.Resolve(SessionState.Path, Path);
            if (!ShouldProcess(file, "Write a report")) return;
            _file = ReportFile.Open(file, NoClobber, Force);
            _filePath = file;
        });
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!IsWanted) return;
        foreach (VmEvent vmEvent in InputObject) _report.Add(vmEvent);
        foreach (string path in RecordingPath) ReadAll(path, selection: null, _report.Add);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (Path is null)
        {
            WriteObject(_report.Build(Title));
            return;
        }

        if (_file is not { } file) return;
        if (_report.Events == 0)
        {
            WriteWarning($"No event came: '{_filePath}' is unchanged.");
            return;
        }

        _file = null;
        Require(Path, () => file.Write(_report.Build(Title)));
        WriteVerbose($"The report of {_report.Events} events is in '{_filePath}'.");
        if (PassThru) WriteObject(SessionState.InvokeProvider.Item.Get([_filePath], force: true, literalPath: true)[0]);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) WriteWhatCame();
        base.Dispose(disposing);
    }

    /// <summary>
    /// If the pipeline is stopped or fails, the report covers the events so far; without any, the file is left
    /// unchanged.
    /// </summary>
    private void WriteWhatCame()
    {
        using ReportFile? file = _file;
        if (file is null || _report.Events == 0) return;
        try
        {
            file.Write(_report.Build(Title));
        }
        catch (XenException)
        {
            // Errors can no longer be reported.
        }
    }
}
