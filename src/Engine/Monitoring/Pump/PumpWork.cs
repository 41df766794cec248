namespace XenVmEvent.Monitoring;

/// <summary>Work for the pump's thread to do between events, one step at a time.</summary>
/// <param name="steps">Called by the pump's thread: the steps.</param>
/// <param name="failed">Told why it failed, by the pump's thread, if nobody waits for it.</param>
internal sealed class PumpWork(Func<IEnumerable<int>> steps, Action<Exception>? failed = null)
{
    private readonly IEnumerator<int> _steps = Deferred(steps).GetEnumerator();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Does one step.</summary>
    /// <returns>True if it was the last step, or failed.</returns>
    public bool Step()
    {
        try
        {
            if (_steps.MoveNext()) return false;
            _done.SetResult();
        }
        catch (Exception e)
        {
            _done.SetException(e);
            failed?.Invoke(e);
        }

        return true;
    }

    public void Fail(Exception reason) => _done.TrySetException(reason);

    public void Wait() => _done.Task.GetAwaiter().GetResult();

    /// <summary>Makes the pump's thread call the function itself, not only its steps.</summary>
    private static IEnumerable<int> Deferred(Func<IEnumerable<int>> steps)
    {
        foreach (int step in steps()) yield return step;
    }
}
