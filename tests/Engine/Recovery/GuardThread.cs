using System.IO.Pipes;
using XenVmEvent.Hypervisor;
using XenVmEvent.Recovery;
using XenVmEvent.Simulation;
using XenVmEvent.Tests.Monitoring;
using XenVmEvent.Tests.Simulation;
using XenVmEvent.Tests.Xen;
using Xunit;

namespace XenVmEvent.Tests.Recovery;

/// <summary>A guard on a thread, and its listener's end of the pipe.</summary>
internal sealed class GuardThread : IDisposable
{
    private readonly AnonymousPipeServerStream _toGuard = new(PipeDirection.Out);
    private readonly AnonymousPipeServerStream _fromGuard = new(PipeDirection.In);
    private readonly TemporaryRoot _folder = new();
    private readonly GuardStateFile _state;
    private readonly Task<IReadOnlyList<XenException>> _run;

    public GuardThread(SimulatedHypervisor host, bool late = false)
        : this(host, host.Guest().Identity, late)
    {
    }

    public GuardThread(IHypervisor host, XenDomain domain, bool late = false)
    {
        _state = new GuardStateFile(_folder.Path);
        AnonymousPipeClientStream input = new(PipeDirection.In, _toGuard.ClientSafePipeHandle);
        AnonymousPipeClientStream output = new(PipeDirection.Out, _fromGuard.ClientSafePipeHandle);
        _run = Task.Factory.StartNew(
            () => Guard.Run(host, domain, late, _state.Path, new StreamReader(input), new StreamWriter(output)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        Assert.Equal(Guard.Ready, new StreamReader(_fromGuard).ReadLine());
    }

    public void Tell(string line) => _state.Add(line);

    /// <summary>Ends the listener in an orderly way.</summary>
    public void Leave() => _state.Remove();

    /// <summary>The listener is gone.</summary>
    public IReadOnlyList<XenException> LoseListener()
    {
        _toGuard.Dispose();
        Assert.True(_run.Wait(Listener.Patience), "The guard did not end.");
        return _run.Result;
    }

    public void Dispose()
    {
        _toGuard.Dispose();
        _fromGuard.Dispose();
        _state.Dispose();
        _folder.Dispose();
    }
}
