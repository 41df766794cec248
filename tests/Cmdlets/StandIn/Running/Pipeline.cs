using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;

namespace XenVmEvent.Cmdlets.Tests.StandIn;

/// <summary>
/// Runs one cmdlet: <c>$input | Some-Cmdlet -Name value | ForEach-Object { ... }</c>. Everything happens on the thread that
/// calls <see cref="Run"/>; <see cref="Stop"/> is for another.
/// </summary>
internal sealed class Pipeline : ICommandRuntime
{
    private readonly Lock _gate = new();
    private readonly CmdletDescription _description;
    private readonly PSCmdlet _cmdlet;
    private readonly ParameterBinder _binder;
    private readonly PipelineOutcome _outcome = new();
    private readonly Dictionary<string, object?> _named = new(StringComparer.OrdinalIgnoreCase);
    private readonly object?[] _positional;
    private object?[]? _input;
    private Action<object?>? _downstream;
    private Thread? _thread;
    private long _enough = long.MaxValue;
    private bool _asks;
    private bool _isWhatIf;
    private bool _isVerbose;
    private bool _isInside;
    private bool _isEnding;
    private bool _isOver;
    private volatile bool _isStopping;

    private Pipeline(PSCmdlet cmdlet, object?[] positional)
    {
        _description = new CmdletDescription(cmdlet.GetType());
        _cmdlet = cmdlet;
        _cmdlet.Runtime = this;
        _binder = new ParameterBinder(_description, cmdlet, Invocation);
        _positional = positional;
    }

    public InvocationInfo Invocation { get; } = new();

    string ICommandRuntime.ParameterSetName => _binder.ParameterSetName;

    bool ICommandRuntime.IsStopping => _isStopping;

    /// <summary>A pipeline of a cmdlet with arguments by position.</summary>
    public static Pipeline Of<T>(params object?[] positional) where T : PSCmdlet, new() => new(new T(), positional);

    /// <summary>Adds an argument by name.</summary>
    public Pipeline With(string parameter, object? value)
    {
        _named.Add(parameter, value);
        return this;
    }

    /// <summary>Adds a switch.</summary>
    public Pipeline With(string parameter) => With(parameter, true);

    /// <summary>What comes by the pipeline: one object after the other.</summary>
    public Pipeline From(params object?[] input)
    {
        _input = input;
        return this;
    }

    /// <summary>The next stage, as <c>ForEach-Object</c>: gets each object while the cmdlet waits. Its exceptions end the pipeline.</summary>
    public Pipeline To(Action<object?> downstream)
    {
        _downstream = downstream;
        return this;
    }

    /// <summary>The next stage but one, as <c>Select-Object -First</c>.</summary>
    public Pipeline SelectFirst(int count)
    {
        _enough = count;
        return this;
    }

    /// <summary>Runs it to its end. Once.</summary>
    public PipelineOutcome Run()
    {
        if (_thread is not null) throw new NotSupportedException("The stand-in runs a pipeline once.");
        _thread = Thread.CurrentThread;
        try
        {
            Bind();
            Execute();
        }
        catch (PipelineStoppedException) when (_isEnding || _isStopping)
        {
            // Its way out.
        }
        catch (Exception e) when (e is not NotSupportedException)
        {
            Fail(e);
        }
        finally
        {
            lock (_gate) _isOver = true;
            (_cmdlet as IDisposable)?.Dispose();
        }

        if (_outcome.TerminatingError is not null) _outcome.State = PipelineState.Failed;
        else if (_isStopping) _outcome.State = PipelineState.Stopped;
        return _outcome;
    }

    /// <summary>Stops it, as Ctrl-C does: from another thread.</summary>
    public void Stop()
    {
        if (Thread.CurrentThread == _thread) throw new NotSupportedException("The stand-in is not stopped by its own thread.");
        lock (_gate)
        {
            if (_isOver || _isStopping) return;
            _isStopping = true;
            _cmdlet.DoStopProcessing();
        }
    }

    void ICommandRuntime.WriteObject(object? sendToPipeline)
    {
        EnsureWritable();
        if (_isEnding) throw new PipelineStoppedException();
        _outcome.Output.Add(sendToPipeline);
        if (_downstream is not null) Send(sendToPipeline);
        if (_outcome.Output.Count < _enough) return;
        _isEnding = true;
        throw new PipelineStoppedException();
    }

    void ICommandRuntime.WriteError(ErrorRecord errorRecord)
    {
        EnsureWritable();
        _outcome.Errors.Add(errorRecord.From(_description.Type));
    }

    void ICommandRuntime.WriteWarning(string text)
    {
        EnsureWritable();
        _outcome.Warnings.Add(text);
    }

    void ICommandRuntime.WriteVerbose(string text)
    {
        EnsureWritable();
        if (_isVerbose) _outcome.Verbose.Add(text);
    }

    bool ICommandRuntime.ShouldProcess(string description)
    {
        EnsureWritable();
        if (!_description.SupportsShouldProcess) throw new NotSupportedException($"{_description.Type} asks ShouldProcess without SupportsShouldProcess.");
        if (_isWhatIf)
        {
            _outcome.WhatIf.Add($"What if: {description}");
            return false;
        }

        if (_asks) throw new NotSupportedException("The stand-in has nobody to ask.");
        return true;
    }

    [DoesNotReturn]
    void ICommandRuntime.ThrowTerminatingError(ErrorRecord errorRecord)
    {
        EnsureWritable();
        _outcome.TerminatingError ??= errorRecord.From(_description.Type);
        _isEnding = true;
        throw new PipelineStoppedException();
    }

    private void Bind()
    {
        _isWhatIf = _description.SupportsShouldProcess && TakeSwitch("WhatIf");
        bool asksOfItself = _description.ConfirmImpact == ConfirmImpact.High;
        _asks = _description.SupportsShouldProcess && (_named.ContainsKey("Confirm") ? TakeSwitch("Confirm") : asksOfItself);
        _isVerbose = TakeSwitch("Verbose");
        if (_named.Keys.FirstOrDefault(IsCommon) is { } common) throw new NotSupportedException($"The stand-in does not do -{common}.");
        _binder.BindCommandLine(_named, _positional, _input is not null);
    }

    private void Execute()
    {
        Enter(_cmdlet.DoBeginProcessing);
        if (_input is null)
        {
            Enter(_cmdlet.DoProcessRecord);
        }
        else
        {
            foreach (object? input in _input)
            {
                if (TryBindInput(input)) Enter(_cmdlet.DoProcessRecord);
            }
        }

        Enter(_cmdlet.DoEndProcessing);
    }

    private bool TryBindInput(object? input)
    {
        try
        {
            _binder.BindInput(input);
            return true;
        }
        catch (ParameterBindingException e)
        {
            _outcome.Errors.Add(new ErrorRecord(e, e.ErrorId, e.Category, input).From(_description.Type));
            return false;
        }
    }

    private void Enter(Action processing)
    {
        if (_isStopping) throw new PipelineStoppedException();
        _isInside = true;
        try
        {
            processing();
        }
        finally
        {
            _isInside = false;
        }
    }

    private void Send(object? output)
    {
        try
        {
            _downstream!(output);
        }
        catch (Exception e) when (e is not NotSupportedException)
        {
            Fail(e);
            throw new PipelineStoppedException();
        }
    }

    private void Fail(Exception exception)
    {
        _isEnding = true;
        ErrorRecord error = exception is RuntimeException runtime
            ? new ErrorRecord(exception, runtime.ErrorId, runtime.Category, null)
            : new ErrorRecord(exception, exception.GetType().FullName!, ErrorCategory.NotSpecified, null);
        _outcome.TerminatingError ??= error.From(_description.Type);
    }

    private void EnsureWritable()
    {
        if (!_isInside || Thread.CurrentThread != _thread)
        {
            throw new PSInvalidOperationException("The WriteObject and WriteError methods cannot be called from outside the overrides of the BeginProcessing, ProcessRecord, and EndProcessing methods, and they can only be called from within the same thread.");
        }

        if (_isStopping) throw new PipelineStoppedException();
    }

    private bool TakeSwitch(string name)
    {
        if (!_named.Remove(name, out object? value)) return false;
        bool isPresent = value is bool given ? given : throw new NotSupportedException($"The stand-in does not convert -{name}.");
        Invocation.BoundParameters.Add(name, new SwitchParameter(isPresent));
        return isPresent;
    }

    private static bool IsCommon(string name) =>
        name is "Confirm" or "Debug" or "ErrorAction" or "ErrorVariable" or "WarningAction" or "WarningVariable" or "InformationAction"
            or "InformationVariable" or "OutVariable" or "OutBuffer" or "PipelineVariable" or "ProgressAction";
}
