using System.Management.Automation;
using System.Reflection;

namespace XenVmEvent.Cmdlets.Tests.StandIn;

/// <summary>Gives a cmdlet its arguments, as PowerShell does.</summary>
internal sealed class ParameterBinder(CmdletDescription description, Cmdlet cmdlet, InvocationInfo invocation)
{
    private static readonly EngineIntrinsics Engine = new();

    private readonly HashSet<CmdletParameter> _bound = [];
    private List<string> _sets = [.. description.Sets];
    private (CmdletParameter Parameter, object? Value)? _beforePipeline;

    /// <summary>The parameter set that was found, once the command line is bound.</summary>
    public string ParameterSetName { get; private set; } = ParameterAttribute.AllParameterSets;

    /// <summary>Binds what stands on the command line.</summary>
    /// <param name="named">By name.</param>
    /// <param name="positional">By position.</param>
    /// <param name="expectsInput">Whether objects come by the pipeline, which may be what a mandatory parameter waits for.</param>
    public void BindCommandLine(IEnumerable<KeyValuePair<string, object?>> named, IReadOnlyList<object?> positional, bool expectsInput)
    {
        foreach ((string name, object? value) in named)
        {
            CmdletParameter parameter = description.Find(name);
            if (_bound.Contains(parameter)) throw new ParameterBindingException("ParameterAlreadyBound", $"Cannot bind parameter because parameter '{name}' is specified more than once.");
            Bind(parameter, value, coerce: true);
            Narrow(parameter);
        }

        foreach (object? value in positional) BindPositional(value);
        ParameterSetName = ChooseSet();
        string[] missing = [.. description.Parameters.Where(p => IsMissing(p, expectsInput)).Select(p => p.Name)];
        if (missing.Length > 0) throw Missing(missing);
    }

    /// <summary>Binds an object that came by the pipeline; what the one before it was bound to is as before then.</summary>
    public void BindInput(object? input)
    {
        if (_beforePipeline is { } before)
        {
            before.Parameter.Set(cmdlet, before.Value);
            invocation.BoundParameters.Remove(before.Parameter.Name);
        }

        CmdletParameter[] takers = [.. description.Parameters.Where(p => !_bound.Contains(p) && TakesInput(p))];
        if (takers.Length > 1) throw new NotSupportedException("The stand-in does not choose between two pipeline parameters.");
        if (takers.Length == 0) throw NotBound();
        CmdletParameter parameter = takers[0];
        ParameterAttribute attribute = parameter.In(ParameterSetName)!;
        _beforePipeline = (parameter, parameter.Get(cmdlet));
        foreach (bool coerce in (ReadOnlySpan<bool>)[false, true])
        {
            if (attribute.ValueFromPipeline && TryBind(parameter, input, coerce)) return;
            if (attribute.ValueFromPipelineByPropertyName && PropertyOf(input, parameter) is { } value && TryBind(parameter, value, coerce)) return;
        }

        throw NotBound();
    }

    private void BindPositional(object? value)
    {
        // Without conversion before with it, the default set before the others.
        foreach (bool coerce in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (string set in _sets.OrderBy(s => s != description.DefaultSet).ToArray())
            {
                CmdletParameter? next = description.Parameters
                    .Where(p => !_bound.Contains(p) && p.In(set) is { Position: >= 0 })
                    .MinBy(p => p.In(set)!.Position);
                if (next is null) continue;
                bool isLast = coerce && set == _sets.OrderBy(s => s != description.DefaultSet).Last();
                if (isLast) Bind(next, value, coerce);
                else if (!TryBind(next, value, coerce)) continue;
                _bound.Add(next);
                Narrow(next);
                return;
            }
        }

        throw new ParameterBindingException("PositionalParameterNotFound", $"A positional parameter cannot be found that accepts argument '{value}'.");
    }

    /// <summary>Leaves only the sets that have the parameter.</summary>
    private void Narrow(CmdletParameter parameter)
    {
        _bound.Add(parameter);
        _sets = [.. _sets.Where(s => parameter.In(s) is not null)];
        if (_sets.Count == 0) throw new ParameterBindingException("AmbiguousParameterSet", "Parameter set cannot be resolved using the specified named parameters.");
    }

    private string ChooseSet()
    {
        if (_sets.Count == 1) return _sets[0];
        return description.DefaultSet is { } set && _sets.Contains(set)
            ? set
            : throw new NotSupportedException("The stand-in does not choose a parameter set without a default.");
    }

    private bool TakesInput(CmdletParameter parameter) =>
        parameter.In(ParameterSetName) is { } attribute && (attribute.ValueFromPipeline || attribute.ValueFromPipelineByPropertyName);

    private bool IsMissing(CmdletParameter parameter, bool expectsInput) =>
        parameter.In(ParameterSetName) is { Mandatory: true } && !_bound.Contains(parameter) && !(expectsInput && TakesInput(parameter));

    private bool TryBind(CmdletParameter parameter, object? value, bool coerce)
    {
        try
        {
            return Bind(parameter, value, coerce);
        }
        catch (ParameterBindingException e) when (e.InnerException is InvalidCastException)
        {
            return false;
        }
    }

    /// <returns>False when the value is not of the parameter's type, and was not to be converted.</returns>
    private bool Bind(CmdletParameter parameter, object? value, bool coerce)
    {
        object? argument = Transform(parameter, value);
        object? bare = argument is PSObject wrapped ? wrapped.BaseObject : argument;
        if (!coerce && !parameter.Type.IsInstanceOfType(bare)) return false;
        try
        {
            argument = ArgumentConversion.Convert(argument, parameter.Type);
        }
        catch (InvalidCastException e)
        {
            throw new ParameterBindingException("CannotConvertArgumentNoMessage", $"Cannot bind parameter '{parameter.Name}'. {e.Message}", innerException: e);
        }

        Validate(parameter, argument);
        parameter.Set(cmdlet, argument);
        invocation.BoundParameters[parameter.Name] = argument;
        return true;
    }

    private static object? Transform(CmdletParameter parameter, object? value)
    {
        foreach (ArgumentTransformationAttribute transformation in parameter.Transformations)
        {
            try
            {
                value = transformation.Transform(Engine, value!);
            }
            catch (Exception e) when (e is not NotSupportedException)
            {
                throw new ParameterBindingException(
                    "ParameterArgumentTransformationError", $"Cannot process argument transformation on parameter '{parameter.Name}'. {e.Message}", ErrorCategory.InvalidData, e);
            }
        }

        return value;
    }

    private void Validate(CmdletParameter parameter, object? argument)
    {
        if (_sets.Exists(s => parameter.In(s) is { Mandatory: true }))
        {
            if (argument is null) throw NotValid("ParameterArgumentValidationErrorNullNotAllowed", "it is null");
            if (argument is Array { Length: 0 }) throw NotValid("ParameterArgumentValidationErrorEmptyArrayNotAllowed", "it is an empty array");
        }

        foreach (ValidateArgumentsAttribute validation in parameter.Validations)
        {
            try
            {
                validation.InternalValidate(argument!, Engine);
            }
            catch (ValidationMetadataException e)
            {
                throw new ParameterBindingException(
                    "ParameterArgumentValidationError", $"Cannot validate argument on parameter '{parameter.Name}'. {e.Message}", ErrorCategory.InvalidData, e);
            }
        }

        ParameterBindingException NotValid(string errorId, string why) =>
            new(errorId, $"Cannot bind argument to parameter '{parameter.Name}' because {why}.", ErrorCategory.InvalidData);
    }

    private static object? PropertyOf(object? input, CmdletParameter parameter)
    {
        object? bare = input is PSObject wrapped ? wrapped.BaseObject : input;
        return parameter.Names
            .Select(n => bare?.GetType().GetProperty(n, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase))
            .FirstOrDefault(p => p is not null)?.GetValue(bare);
    }

    private static ParameterBindingException Missing(string[] names) =>
        new("MissingMandatoryParameter", $"Cannot process command because of one or more missing mandatory parameters: {string.Join(" ", names)}.");

    private static ParameterBindingException NotBound() =>
        new("InputObjectNotBound", "The input object cannot be bound to any parameters for the command.");
}
