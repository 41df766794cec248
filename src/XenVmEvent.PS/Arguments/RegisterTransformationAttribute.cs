using System.Collections;
using System.Management.Automation;
using System.Reflection;
using XenVmEvent.Events;

namespace XenVmEvent.PS;

/// <summary>
/// Accepts a hashtable of registers. 0xffffffff81000000 means this bit pattern, although PowerShell reads a negative
/// number. Negative numbers of 32 bits are refused, because 0xffffffff and -1 are the same to PowerShell.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RegisterTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object? bare = ValueTransformationAttribute.Bare(inputData);
        if (bare is RegisterValues) return bare;
        if (bare is not IDictionary { Count: > 0 } given) throw Refused($"'{inputData}' names no registers: write, for example, @{{ Rax = 1; Rip = 0x401000 }}.");
        var values = new RegisterValues();
        foreach (DictionaryEntry one in given) Find($"{one.Key}").SetValue(values, ToBits($"{one.Key}", ValueTransformationAttribute.Bare(one.Value)));
        return values;
    }

    private static PropertyInfo Find(string name) =>
        typeof(RegisterValues).GetProperty(name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase)
        ?? throw Refused($"'{name}' is not a register that an answer can set; these are {string.Join(", ", Enum.GetNames<SettableRegister>())}.");

    private static ulong ToBits(string register, object? value) => value switch
    {
        int and < 0 => throw Refused($"'{value}' for {register} may be 0x{value:x} or the 64 bits of a negative number, which PowerShell cannot tell apart: write 0x{value:x}ul or {value}l."),
        _ => BitPattern.Of(value) ?? throw Refused($"'{value}' is not a value for {register}: give a whole number of 64 bits."),
    };

    private static ArgumentTransformationMetadataException Refused(string why) => new(why);
}
