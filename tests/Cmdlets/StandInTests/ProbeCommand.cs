using System.Management.Automation;

namespace XenVmEvent.Cmdlets.Tests.StandInTests;

/// <summary>A cmdlet that tells what happens to it.</summary>
[Cmdlet(VerbsCommon.Get, "Probe", SupportsShouldProcess = true)]
public sealed class ProbeCommand : PSCmdlet, IDisposable
{
    /// <summary>What happened to the last one.</summary>
    public static List<string> Log { get; } = [];

    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Id")]
    [ValidateRange(1, 100)]
    public int Number { get; set; } = 7;

    [Parameter]
    public DayOfWeek[] Day { get; set; } = [];

    [Parameter]
    public FileAccess Access { get; set; }

    [Parameter]
    public TimeSpan Time { get; set; }

    [Parameter]
    public SwitchParameter Terminate { get; set; }

    [Parameter]
    public SwitchParameter Throw { get; set; }

    public void Dispose() => Log.Add("dispose");

    protected override void BeginProcessing()
    {
        Log.Clear();
        Log.Add("begin");
        if (Terminate) ThrowTerminatingError(new ErrorRecord(new ArgumentException("No."), "Tid", ErrorCategory.InvalidData, 5));
        if (Throw) throw new ArgumentException("No.");
    }

    protected override void ProcessRecord() => Log.Add($"process {Number}");

    protected override void EndProcessing()
    {
        Log.Add("end");
        try
        {
            for (int i = 0; i < 3; i++)
            {
                if (ShouldProcess($"{i}", "Write")) WriteObject(i);
            }
        }
        catch (PipelineStoppedException)
        {
            Log.Add($"stopped {Stopping}");
            throw;
        }
    }

    protected override void StopProcessing() => Log.Add("stop");
}
