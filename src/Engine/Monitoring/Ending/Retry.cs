namespace XenVmEvent.Monitoring;

/// <summary>Does again what Xen refused without a reason that would hold the next time too (EINTR, EAGAIN, EBUSY and the like).</summary>
internal static class Retry
{
    private const int MostTries = 10;

    /// <param name="step">What to do; leaves things so that it can be done again when it fails.</param>
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
