using System.Diagnostics;
using System.Globalization;
using XenVmEvent.Hypervisor;

namespace XenVmEvent.Recovery;

/// <summary>
/// The listener's side of its guard: starts it, writes down changes for it, releases it at the end, and restarts it
/// when it is killed. Never waits for it once it has started. Safe for use from several threads.
/// </summary>
internal sealed class GuardProcess : IDisposable
{
    /// <summary>How long it may make no progress while it starts.</summary>
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly GuardStateFile _state;
    private readonly string _program;
    private readonly GuardScope? _scope;
    private readonly XenDomain? _domain;
    private readonly Action<string> _warn;
    private Process _process;
    private bool _left;
    private bool _disposed;
    private bool _untold;

    /// <summary>Starts a guard and waits until it has mapped the ring.</summary>
    /// <param name="program">The file of xenvmevent.</param>
    /// <param name="folder">The folder for the file of changes.</param>
    /// <param name="domain">The domain; null: all that are kept back when they start.</param>
    /// <param name="late">Its ring cannot be mapped, or need not be.</param>
    /// <param name="scope">Where it runs; null: together with this process.</param>
    /// <param name="warn">Told when the guard was killed, or cannot run there; from any thread.</param>
    /// <exception cref="XenException">It does not start.</exception>
    public GuardProcess(string program, string folder, XenDomain? domain, bool late, GuardScope? scope, Action<string> warn)
    {
        _program = program;
        _scope = scope;
        _domain = domain;
        _warn = warn;
        try
        {
            _state = new GuardStateFile(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failure(e.Message, e);
        }

        try
        {
            _process = Start(late);
        }
        catch
        {
            _state.Remove();
            _state.Dispose();
            throw;
        }

        Watch(_process);
    }

    /// <summary>Called when it was killed and has been restarted; from any thread.</summary>
    public Action? Restarted { get; init; }

    /// <summary>What it guards, for people.</summary>
    private string Guarded => _domain?.ToString() ?? "guests that start";

    /// <summary>Tells the guard of a change.</summary>
    public void Tell(string line)
    {
        lock (_gate)
        {
            try
            {
                _state.Add(line);
                return;
            }
            catch (IOException e)
            {
                if (_untold) return;
                _untold = true;
                line = e.Message;
            }
        }

        _warn($"The guard of {Guarded} does not get all changes: {line}");
    }

    /// <summary>Releases the guard: there is nothing to undo any more.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            if (_left) return;
            _left = true;
            _state.Remove();
        }
    }

    public void Dispose()
    {
        Process process;
        lock (_gate)
        {
            _disposed = true;
            process = _process;
            _state.Dispose();
        }

        // What was not undone, the guard takes over: the monitor could not be disabled.
        Close(process);
    }

    private Process Start(bool late)
    {
        if (_scope is null) return Start(new ProcessStartInfo(_program), late);
        XenException refused;
        try
        {
            return Start(_scope.Start(_program, Guarded), late);
        }
        catch (XenException e)
        {
            refused = e;
        }

        Process process = Start(new ProcessStartInfo(_program), late);
        _warn($"The guard of {Guarded} has no systemd scope of its own, so it ends too if systemd kills this process's whole unit. {refused.Message}");
        return process;
    }

    private Process Start(ProcessStartInfo start, bool late)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        string[] guarded = _domain is null ? ["starts"] : [_domain.Id.ToString(CultureInfo.InvariantCulture), _domain.Uuid.ToString()];
        foreach (string argument in (string[])["guard", .. guarded, _state.Path]) start.ArgumentList.Add(argument);
        if (late && _domain is not null) start.ArgumentList.Add("--late");
        try
        {
            Process process = Process.Start(start)!;
            Task<string?> said = process.StandardOutput.ReadLineAsync();
            if (ProcessProgress.Await(process, said, LongestStandstill) && said.Result == Guard.Ready) return process;
            string why = said.IsCompleted ? process.StandardError.ReadToEnd().Trim() : "it does not answer";
            Close(process);
            throw Failure(why, null);
        }
        catch (Exception e) when (e is not XenException)
        {
            throw Failure(e.Message, e);
        }
    }

    private void Watch(Process process)
    {
        // Not on the thread of the exit event, which holds the process's own lock.
        process.Exited += (_, _) => Task.Run(() => OnExited(process));
        process.EnableRaisingEvents = true;
    }

    private void OnExited(Process process)
    {
        lock (_gate)
        {
            if (_left || _disposed || process != _process) return;
        }

        _warn(Mend());
    }

    /// <summary>Not while holding the lock: the listener must not wait for it.</summary>
    private string Mend()
    {
        try
        {
            Process next = Start(late: true);
            Process unwanted;
            lock (_gate)
            {
                unwanted = _disposed ? next : _process;
                _process = next;
            }

            Close(unwanted);
            if (unwanted != next) Watch(next);
            Restarted?.Invoke();
            return $"The guard of {Guarded} was killed and has been restarted.";
        }
        catch (XenException e)
        {
            return $"The guard of {Guarded} was killed. {e.Message} {e.Remedy}";
        }
    }

    private static void Close(Process process)
    {
        try
        {
            process.StandardInput.Dispose();
        }
        catch (IOException)
        {
            // It was killed before it had read everything.
        }

        // Streams that were asked for must be closed by the caller.
        process.StandardOutput.Dispose();
        process.StandardError.Dispose();
        process.Dispose();
    }

    private XenException Failure(string why, Exception? cause) => new(
        XenErrorId.GuardFailed,
        $"The guard of {Guarded}, {_program}, does not start: {why}.",
        "Without it, vCPUs stay paused if this process is killed. If you accept that, go without it.",
        cause,
        RemedyTask.GoWithoutGuard);
}
