namespace XenVmEvent.Monitoring;

/// <summary>Repeats a step if Xen refused it for a reason that may pass (EINTR, EAGAIN, EBUSY and the like).</summary>
internal static class Retry
{
    private const int MostTries = 10;

    /// <param name="step">The step; after a failure it must be possible to repeat it.</param>
    public static void WhileRefused(Action step) => WhileRefused(() =>
    {
        step();
        return true;
    });

    /// <inheritdoc cref="WhileRefused(Action)"/>
    public static T WhileRefused<T>(Func<T> step)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                return step();
            }
            catch (XenException e) when (e.Id == XenErrorId.CallFailed && tries < MostTries)
            {
                Thread.Sleep(1);
            }
        }
    }
}
