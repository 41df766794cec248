using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Runtime.ExceptionServices;
using Xunit.Sdk;

namespace XenVmEvent.Cmdlets.Tests;

/// <summary>
/// A pipeline of one of the module's cmdlets in a runspace: <c>$input | Some-Cmdlet -Name value | Invoke-Each {…}</c>. Runs
/// once. <see cref="Stop"/> may be called by any thread.
/// </summary>
internal sealed class Pipeline
{
    private static readonly ConcurrentBag<(Runspace Runspace, RecordingHost Host)> Idle = [];

    private readonly PowerShell _shell = PowerShell.Create();
    private readonly Command _cmdlet;

    private Pipeline(Command cmdlet)
    {
        _cmdlet = cmdlet;
        _shell.Commands.AddCommand(cmdlet);
    }

    /// <summary>A pipeline of a cmdlet with arguments by position.</summary>
    public static Pipeline Of<T>(params object?[] positional) where T : PSCmdlet
    {
        CmdletAttribute name = typeof(T).GetCustomAttribute<CmdletAttribute>()!;
        Command cmdlet = new($"{name.VerbName}-{name.NounName}");
        foreach (object? argument in positional) cmdlet.Parameters.Add(null, argument);
        return new Pipeline(cmdlet);
    }

    /// <summary>Adds an argument by name.</summary>
    public Pipeline With(string parameter, object? value)
    {
        _cmdlet.Parameters.Add(parameter, value);
        return this;
    }

    /// <summary>Adds a switch.</summary>
    public Pipeline With(string parameter) => With(parameter, true);

    /// <summary>What comes by the pipeline: one object after the other.</summary>
    public Pipeline From(params object?[] input)
    {
        Command source = new("Write-Output");
        source.Parameters.Add("InputObject", input);
        _shell.Commands.Commands.Insert(0, source);
        return this;
    }

    /// <summary>The next stage, which gets each object while the cmdlet waits. Its exceptions end the pipeline.</summary>
    public Pipeline To(Action<object?> downstream)
    {
        _shell.AddCommand("Invoke-Each").AddParameter("Action", downstream);
        return this;
    }

    /// <summary>The next stage, another command.</summary>
    public Pipeline Then(string command, params (string Name, object Value)[] parameters)
    {
        _shell.AddCommand(command);
        foreach ((string name, object value) in parameters) _shell.AddParameter(name, value);
        return this;
    }

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="Exception">An assertion of <see cref="To"/>'s stage failed.</exception>
    public PipelineOutcome Run()
    {
        if (!Idle.TryTake(out (Runspace Runspace, RecordingHost Host) idle))
        {
            RecordingHost host = new();
            idle = (BuiltModule.OpenRunspace(host), host);
        }

        try
        {
            _shell.Runspace = idle.Runspace;
            idle.Host.Lines.Clear();
            return Invoke(idle.Host);
        }
        finally
        {
            _shell.Dispose();
            Idle.Add(idle);
        }
    }

    /// <summary>Asks it to stop, as Ctrl-C does, and does not wait until it has.</summary>
    public void Stop() => _shell.BeginStop(null, null);

    private PipelineOutcome Invoke(RecordingHost host)
    {
        PSDataCollection<PSObject?> output = [];
        ErrorRecord? terminating = null;
        try
        {
            _shell.Invoke(null, output, null);
        }
        catch (PipelineStoppedException) when (_shell.InvocationStateInfo.State == PSInvocationState.Stopped)
        {
            // Its way out.
        }
        catch (RuntimeException e)
        {
            if (e.GetBaseException() is IAssertionException failed) ExceptionDispatchInfo.Throw((Exception)failed);
            terminating = e.ErrorRecord;
        }

        return new(
            _shell.InvocationStateInfo.State,
            [.. output.Select(o => o?.BaseObject)],
            [.. _shell.Streams.Error],
            terminating,
            [.. _shell.Streams.Warning.Select(w => w.Message)],
            [.. host.Lines]);
    }
}
