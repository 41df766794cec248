namespace XenVmEvent.Agent;

/// <summary>The outputs of an agent. Events are offered to all of them.</summary>
/// <param name="log">Told what becomes of them.</param>
/// <param name="agent">What the agent says of itself.</param>
internal sealed class OutputSet(AgentLog log, AgentIdentity agent)
{
    private volatile Output[] _outputs = [];

    /// <summary>What they have done so far.</summary>
    public IReadOnlyList<OutputStatus> GetStatus() => [.. _outputs.Select(output => output.GetStatus())];

    /// <summary>Queues an event, or a note, for each that wants it.</summary>
    public void Offer(OutgoingEvent outgoing)
    {
        foreach (Output output in _outputs) output.Offer(outgoing);
    }

    /// <summary>
    /// Exchanges the outputs whose settings have changed. The new ones take events at once. They deliver them when the old
    /// ones have ended, since both may write to the same place.
    /// </summary>
    /// <param name="settings">The settings of all outputs.</param>
    /// <param name="patience">How long the old ones may take to deliver what waits.</param>
    public void Replace(IReadOnlyList<OutputSettings> settings, TimeSpan patience)
    {
        Output[] before = _outputs;
        Output[] after = [.. settings.Select(one => Array.Find(before, output => output.Settings == one) ?? new Output(one, one.CreateSink(agent), log))];
        _outputs = after;
        Stop(before.Except(after), patience);
        foreach (Output output in after.Except(before)) output.Start();
    }

    /// <summary>Waits until each has taken what waits for it now.</summary>
    /// <param name="patience">How long it may take. One that takes longer gets no more time to stop either.</param>
    public void Settle(TimeSpan patience) => Each(_outputs, output => output.Settle(patience));

    /// <summary>Ends all of them.</summary>
    /// <param name="patience">How long they may take to deliver what waits.</param>
    public void Stop(TimeSpan patience) => Stop(_outputs, patience);

    private static void Stop(IEnumerable<Output> outputs, TimeSpan patience) => Each(outputs, output => output.Stop(patience));

    /// <summary>At the same time, so that one that hangs takes no time from the others.</summary>
    private static void Each(IEnumerable<Output> outputs, Action<Output> action)
    {
        Thread[] threads = [.. outputs.Select(output => new Thread(() => action(output)) { IsBackground = true })];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
    }
}
