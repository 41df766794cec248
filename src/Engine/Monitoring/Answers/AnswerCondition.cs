using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>The events of a kind that a default answer is for. It copies what it is given.</summary>
public sealed class AnswerCondition : IEquatable<AnswerCondition>
{
    /// <summary>For <see cref="VmEventKind.MovToMsr"/>: the model-specific registers; none: all.</summary>
    public IReadOnlyCollection<uint> Msrs
    {
        get;
        init => field = value.Order().ToArray();
    } = [];

    /// <summary>For <see cref="VmEventKind.WriteControlRegister"/>: the control registers; none: all.</summary>
    public IReadOnlyCollection<ControlRegister> ControlRegisters
    {
        get;
        init => field = value.Order().ToArray();
    } = [];

    /// <summary>What must also hold; null: nothing.</summary>
    public RequestExpression? When { get; init; }

    /// <summary>Whether two conditions say the same: the same registers, and the same text of <see cref="When"/>.</summary>
    public bool Equals(AnswerCondition? other) =>
        other is not null && Msrs.SequenceEqual(other.Msrs) && ControlRegisters.SequenceEqual(other.ControlRegisters) && When?.Text == other.When?.Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AnswerCondition);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Msrs.Count, ControlRegisters.Count, When?.Text);

    /// <summary>The condition as the end of a sentence, as in <c>of IA32_LSTAR when oldValue != 0</c>.</summary>
    public override string ToString()
    {
        string[] registers = [.. Msrs.Select(msr => MsrNames.Find(msr) ?? $"0x{msr:x}"), .. ControlRegisters.Select(register => register.ToString())];
        string of = registers.Length > 0 ? $"of {string.Join(", ", registers)}" : "";
        return When is null ? of : $"{of} when {When.Text}".TrimStart();
    }

    /// <summary>Whether it holds for a request of the right kind.</summary>
    internal bool Holds(in RequestReader request) =>
        (Msrs.Count == 0 || Msrs.Contains(request.UInt32(VmEventField.Msr)))
        && (ControlRegisters.Count == 0 || ControlRegisters.Contains((ControlRegister)request.UInt32(VmEventField.ControlRegisterIndex)))
        && (When is null || When.Holds(request));
}
