using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Reflection;
using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>
/// Makes an answer from a hashtable, as in <c>[XenVmEvent.Events.VmEventResponse] @{ View = 1 }</c>, in scripts that
/// call VmEvent.Respond.
/// </summary>
public sealed class ResponseConverter : PSTypeConverter
{
    private static readonly ConstructorInfo Constructor = typeof(VmEventResponse).GetConstructors().Single();
    private static readonly ParameterInfo[] Parameters = Constructor.GetParameters();

    /// <inheritdoc/>
    public override bool CanConvertFrom(object sourceValue, Type destinationType) => BaseOf(sourceValue) is IDictionary;

    /// <inheritdoc/>
    /// <exception cref="PSInvalidCastException">
    /// A key is not a property of an answer, or its value does not fit.
    /// </exception>
    public override object ConvertFrom(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase)
    {
        object?[] arguments = [.. Parameters.Select(p => p.DefaultValue is null && p.ParameterType.IsValueType ? Activator.CreateInstance(p.ParameterType) : p.DefaultValue)];
        foreach (DictionaryEntry entry in (IDictionary)BaseOf(sourceValue))
        {
            string name = Convert.ToString(BaseOf(entry.Key), CultureInfo.InvariantCulture)!;
            int index = Array.FindIndex(Parameters, p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase));
            if (index < 0) throw new PSInvalidCastException($"'{name}' is not a property of an answer.");
            arguments[index] = LanguagePrimitives.ConvertTo(entry.Value, Parameters[index].ParameterType, formatProvider);
        }

        return Constructor.Invoke(arguments);
    }

    /// <inheritdoc/>
    public override bool CanConvertTo(object sourceValue, Type destinationType) => false;

    /// <inheritdoc/>
    public override object ConvertTo(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase) =>
        throw new PSInvalidCastException("An answer cannot be converted to another type.");

    private static object BaseOf(object value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
