namespace XenVmEvent.Agent;

/// <summary>
/// Metrics as a file for node_exporter's textfile collector. It is replaced as a whole, so nobody reads half of it, and it is
/// removed at the end, so nobody takes it for news.
/// </summary>
internal sealed class MetricsFile : IDisposable
{
    private readonly string _path;
    private readonly Func<string> _text;
    private readonly AgentLog _log;
    private readonly Timer _timer;
    private readonly Lock _gate = new();
    private bool _isTold;
    private bool _isEnded;

    /// <param name="path">The file.</param>
    /// <param name="period">How often it is written.</param>
    /// <param name="text">The metrics.</param>
    /// <param name="log">Told when it cannot be written.</param>
    public MetricsFile(string path, TimeSpan period, Func<string> text, AgentLog log)
    {
        _path = path;
        _text = text;
        _log = log;
        _timer = new Timer(_ => Write(), null, TimeSpan.Zero, period);
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _isEnded = true;
            Attempt(() => File.Delete(_path));
        }
    }

    private void Write()
    {
        if (!_gate.TryEnter()) return; // The last one is still being written.
        try
        {
            if (!_isEnded) Attempt(Replace);
        }
        finally
        {
            _gate.Exit();
        }
    }

    private void Replace()
    {
        string next = $"{_path}.new";
        File.WriteAllText(next, _text());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(next, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.Move(next, _path, overwrite: true);
    }

    private void Attempt(Action action)
    {
        try
        {
            action();
            _isTold = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or XenException)
        {
            if (!_isTold) _log.Say($"Metrics cannot be written to '{_path}'; it is tried again. {e.Message}");
            _isTold = true;
        }
    }
}
