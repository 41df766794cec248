using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Reflection;

namespace XenVmEvent.Cmdlets.Tests.StandIn;

/// <summary>The conversions of PowerShell's that arguments of these cmdlets need.</summary>
internal static class ArgumentConversion
{
    /// <summary>Converts as PowerShell does.</summary>
    /// <exception cref="InvalidCastException">PowerShell would refuse.</exception>
    /// <exception cref="NotSupportedException">PowerShell might not refuse, but the stand-in cannot do it.</exception>
    public static object? Convert(object? value, Type type)
    {
        object? bare = value is PSObject wrapped ? wrapped.BaseObject : value;
        if (bare is null) return type.IsValueType ? throw Refused(null, type) : null;
        if (type.IsInstanceOfType(bare)) return bare;
        if (type.IsArray) return ToArray(bare, type.GetElementType()!);
        if (type.IsEnum) return ToEnum(bare, type);
        if (type == typeof(SwitchParameter)) return bare is bool isPresent ? new SwitchParameter(isPresent) : throw Unknown(bare, type);
        if (type == typeof(TimeSpan)) return ToTimeSpan(bare);
        if (IsNumber(type)) return ToNumber(bare, type);
        if (type.IsAbstract) throw Refused(bare, type);
        throw Unknown(bare, type);
    }

    private static Array ToArray(object value, Type element)
    {
        if (value is not Array && value is IEnumerable and not string) throw Unknown(value, element.MakeArrayType());
        Array from = value as Array ?? new[] { value };
        Array to = Array.CreateInstance(element, from.Length);
        for (int i = 0; i < to.Length; i++) to.SetValue(Convert(from.GetValue(i), element), i);
        return to;
    }

    private static object ToEnum(object value, Type type)
    {
        bool isFlags = type.IsDefined(typeof(FlagsAttribute));
        if (value is Array list)
        {
            if (!isFlags) throw Unknown(value, type);
            return Enum.ToObject(type, list.Cast<object>().Aggregate(0L, (bits, one) => bits | System.Convert.ToInt64(ToEnum(one, type), CultureInfo.InvariantCulture)));
        }

        if (value is string text) return ParseEnum(text, type, isFlags);
        if (!IsNumber(value.GetType()) || value.GetType().IsEnum) throw Unknown(value, type);
        object number = Enum.ToObject(type, value);
        long known = Enum.GetValuesAsUnderlyingType(type).Cast<object>().Aggregate(0L, (bits, one) => bits | System.Convert.ToInt64(one, CultureInfo.InvariantCulture));
        bool isValid = Enum.IsDefined(type, number) || (isFlags && (System.Convert.ToInt64(number, CultureInfo.InvariantCulture) & ~known) == 0);
        return isValid ? number : throw Refused(value, type);
    }

    private static object ParseEnum(string text, Type type, bool isFlags)
    {
        string[] names = [.. text.Split(',', StringSplitOptions.TrimEntries)];
        if (names.Length > 1 && !isFlags) throw Unknown(text, type);
        foreach (string name in names)
        {
            if (Enum.GetNames(type).Contains(name, StringComparer.OrdinalIgnoreCase)) continue;
            bool mayMeanOne = name.Length == 0 || !char.IsLetter(name[0])
                || Enum.GetNames(type).Any(n => n.StartsWith(name, StringComparison.OrdinalIgnoreCase));
            throw mayMeanOne ? Unknown(text, type) : Refused(text, type);
        }

        return Enum.Parse(type, text, ignoreCase: true);
    }

    private static TimeSpan ToTimeSpan(object value)
    {
        if (value is not string text) throw Unknown(value, typeof(TimeSpan));
        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan time) ? time : throw Refused(text, typeof(TimeSpan));
    }

    private static object ToNumber(object value, Type type)
    {
        object number = value;
        if (value is string text)
        {
            bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
            bool isWhole = isHex
                ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong whole)
                : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out whole);
            if (!isWhole) throw text.Length > 0 && text.All(char.IsLetter) ? Refused(text, type) : Unknown(text, type);
            number = whole;
        }
        else if (!IsNumber(value.GetType()) || value.GetType().IsEnum)
        {
            throw Unknown(value, type);
        }

        try
        {
            return System.Convert.ChangeType(number, type, CultureInfo.InvariantCulture);
        }
        catch (OverflowException)
        {
            throw Refused(value, type);
        }
    }

    private static bool IsNumber(Type type) => Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.Decimal;

    private static InvalidCastException Refused(object? value, Type type) => new($"Cannot convert value \"{value}\" to type \"{type}\".");

    private static NotSupportedException Unknown(object value, Type type) => new($"The stand-in does not convert '{value}' of {value.GetType()} to {type}.");
}
