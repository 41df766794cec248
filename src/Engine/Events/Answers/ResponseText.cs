using System.Globalization;

namespace XenVmEvent.Events;

/// <summary>Reads a response from its <see cref="VmEventResponse.Name"/>.</summary>
internal static class ResponseText
{
    private const string View = nameof(VmEventResponse.View);
    private const string FastSingleStepView = nameof(VmEventResponse.FastSingleStepView);
    private const string EmulatedReadData = nameof(VmEventResponse.EmulatedReadData);
    private const string InstructionData = nameof(VmEventResponse.InstructionData);

    /// <exception cref="FormatException">It is not the name of a response.</exception>
    public static VmEventResponse Parse(string name)
    {
        string[] words = name.Split(", ");
        VmEventResponse response = OfAction(words[0]);
        Dictionary<SettableRegister, ulong> registers = [];
        foreach (string word in words.Skip(1))
        {
            if (word.Split('=') is [var register, ['0', 'x', .. var value]])
            {
                registers[Defined<SettableRegister>(register)] = ulong.Parse(value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            }
            else
            {
                response = With(response, word.Split(' '));
            }
        }

        return registers.Count == 0 ? response : new VmEventResponse(response) { Registers = registers };
    }

    /// <summary>The shared response that consists of the action alone.</summary>
    private static VmEventResponse OfAction(string name) => Defined<VmEventAction>(name) switch
    {
        VmEventAction.Continue => VmEventResponse.Continue,
        VmEventAction.Reinject => VmEventResponse.Reinject,
        VmEventAction.Skip => VmEventResponse.Skip,
        VmEventAction.Emulate => VmEventResponse.Emulate,
        VmEventAction.EmulateNoWrite => VmEventResponse.EmulateNoWrite,
        _ => VmEventResponse.Deny,
    };

    private static VmEventResponse With(VmEventResponse response, string[] word) => word switch
    {
        [View, var view] => new VmEventResponse(response) { View = ushort.Parse(view, CultureInfo.InvariantCulture) },
        [FastSingleStepView, var view] => new VmEventResponse(response) { FastSingleStepView = ushort.Parse(view, CultureInfo.InvariantCulture) },
        [EmulatedReadData, var data] => new VmEventResponse(response) { EmulatedReadData = Convert.FromHexString(data) },
        [InstructionData, var data] => new VmEventResponse(response) { InstructionData = Convert.FromHexString(data) },
        [nameof(VmEventResponse.ToggleSingleStep)] => new VmEventResponse(response) { ToggleSingleStep = true },
        [nameof(VmEventResponse.GetNextInterrupt)] => new VmEventResponse(response) { GetNextInterrupt = true },
        [nameof(VmEventResponse.ResetVmTrace)] => new VmEventResponse(response) { ResetVmTrace = true },
        [nameof(VmEventResponse.ResetForkState)] => new VmEventResponse(response) { ResetForkState = true },
        [nameof(VmEventResponse.ResetForkMemory)] => new VmEventResponse(response) { ResetForkMemory = true },
        _ => throw new FormatException($"'{string.Join(' ', word)}' is no part of a response"),
    };

    private static T Defined<T>(string name) where T : struct, Enum =>
        Enum.TryParse(name, out T value) && value.ToString() == name ? value : throw new FormatException($"'{name}' is no {typeof(T).Name}");
}
