namespace System.Management.Automation;

public abstract class Job(string command) : IDisposable
{
    public string Command { get; } = command;

    public string PSJobTypeName { get; protected set; } = "";

    public JobState State { get; private set; }

    public PSDataCollection<PSObject> Output { get; } = new();

    public PSDataCollection<ErrorRecord> Error { get; } = new();

    public PSDataCollection<WarningRecord> Warning { get; } = new();

    public abstract bool HasMoreData { get; }

    public abstract string Location { get; }

    public abstract string StatusMessage { get; }

    /// <summary>Set once the job is over.</summary>
    internal ManualResetEventSlim Finished { get; } = new();

    public abstract void StopJob();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }

    protected void SetJobState(JobState state)
    {
        State = state;
        if (state != JobState.Running) Finished.Set();
    }
}
