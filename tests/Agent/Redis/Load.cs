namespace XenVmEvent.Agent.Tests;

/// <summary>Writes to a sink as fast as it takes events, until it is told to end.</summary>
internal sealed class Load : IDisposable
{
    private const int InBatch = 20;
    private const int MostWaiting = 500;

    private readonly CancellationTokenSource _stop = new();
    private readonly Task<long> _writes;

    public Load(IEventSink sink) => _writes = Task.Run(() =>
    {
        long written = 0;
        while (!_stop.IsCancellationRequested)
        {
            sink.Write(Entries.Of(written, InBatch));
            written += InBatch;
            do Thread.Sleep(5);
            while (sink.State.Waiting > MostWaiting && !_stop.IsCancellationRequested);
        }

        return written;
    });

    /// <returns>How many events it wrote.</returns>
    public long End()
    {
        _stop.Cancel();
        return _writes.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }
}
