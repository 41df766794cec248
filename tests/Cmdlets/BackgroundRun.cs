using System.Runtime.ExceptionServices;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>A pipeline that runs on a thread of its own.</summary>
internal sealed class BackgroundRun
{
    private readonly Thread _thread;
    private PipelineOutcome? _outcome;
    private ExceptionDispatchInfo? _failure;

    public BackgroundRun(Pipeline pipeline)
    {
        _thread = new Thread(() => Run(pipeline)) { IsBackground = true };
        _thread.Start();
    }

    public bool IsOver => !_thread.IsAlive;

    /// <summary>Waits until it is over.</summary>
    public PipelineOutcome Finish(TimeSpan patience)
    {
        if (!_thread.Join(patience)) throw new TimeoutException("The pipeline did not end.");
        _failure?.Throw();
        return _outcome!;
    }

    private void Run(Pipeline pipeline)
    {
        try
        {
            _outcome = pipeline.Run();
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
        }
    }
}
