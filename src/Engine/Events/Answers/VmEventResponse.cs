using System.Globalization;
using XenVmEvent.Abi;

namespace XenVmEvent.Events;

/// <summary>
/// What the guest shall do after an event: an action, and what else Xen can do to the vCPU at this moment. A response
/// is immutable. Two responses are equal if they say the same.
/// </summary>
public sealed class VmEventResponse : IEquatable<VmEventResponse>
{
    /// <summary>
    /// The number of bytes of <see cref="EmulatedReadData"/> that every interface version has room for.
    /// </summary>
    public const int ReadDataSize = 252;

    /// <summary>The maximum number of bytes of <see cref="InstructionData"/>.</summary>
    public const int InstructionDataSize = 16;

    private const long NotComputed = -1;

    /// <summary>A long, which threads read and write as a whole.</summary>
    private long _flags = NotComputed;

    private KeyValuePair<SettableRegister, ulong>[] _registers = [];

    /// <summary>Makes a response.</summary>
    /// <param name="action">See <see cref="Action"/>.</param>
    /// <param name="registers">See <see cref="Registers"/>; null for none.</param>
    /// <param name="view">See <see cref="View"/>.</param>
    /// <param name="toggleSingleStep">See <see cref="ToggleSingleStep"/>.</param>
    /// <param name="fastSingleStepView">See <see cref="FastSingleStepView"/>.</param>
    /// <param name="emulatedReadData">See <see cref="EmulatedReadData"/>.</param>
    /// <param name="instructionData">See <see cref="InstructionData"/>.</param>
    /// <param name="getNextInterrupt">See <see cref="GetNextInterrupt"/>.</param>
    /// <param name="resetVmTrace">See <see cref="ResetVmTrace"/>.</param>
    /// <param name="resetForkState">See <see cref="ResetForkState"/>.</param>
    /// <param name="resetForkMemory">See <see cref="ResetForkMemory"/>.</param>
    public VmEventResponse(
        VmEventAction action = VmEventAction.Continue,
        IReadOnlyDictionary<SettableRegister, ulong>? registers = null,
        ushort? view = null,
        bool toggleSingleStep = false,
        ushort? fastSingleStepView = null,
        ReadOnlyMemory<byte> emulatedReadData = default,
        ReadOnlyMemory<byte> instructionData = default,
        bool getNextInterrupt = false,
        bool resetVmTrace = false,
        bool resetForkState = false,
        bool resetForkMemory = false)
    {
        Action = action;
        if (registers is not null) Registers = registers;
        View = view;
        ToggleSingleStep = toggleSingleStep;
        FastSingleStepView = fastSingleStepView;
        EmulatedReadData = emulatedReadData;
        InstructionData = instructionData;
        GetNextInterrupt = getNextInterrupt;
        ResetVmTrace = resetVmTrace;
        ResetForkState = resetForkState;
        ResetForkMemory = resetForkMemory;
    }

    /// <summary>Copies a response. The initializer may change parts of the copy.</summary>
    internal VmEventResponse(VmEventResponse other) : this(
        other.Action,
        other.Registers,
        other.View,
        other.ToggleSingleStep,
        other.FastSingleStepView,
        other.EmulatedReadData,
        other.InstructionData,
        other.GetNextInterrupt,
        other.ResetVmTrace,
        other.ResetForkState,
        other.ResetForkMemory)
    {
    }

    /// <inheritdoc cref="VmEventAction.Continue"/>
    public static VmEventResponse Continue { get; } = new();

    /// <inheritdoc cref="VmEventAction.Reinject"/>
    public static VmEventResponse Reinject { get; } = new(VmEventAction.Reinject);

    /// <inheritdoc cref="VmEventAction.Skip"/>
    public static VmEventResponse Skip { get; } = new(VmEventAction.Skip);

    /// <inheritdoc cref="VmEventAction.Emulate"/>
    public static VmEventResponse Emulate { get; } = new(VmEventAction.Emulate);

    /// <inheritdoc cref="VmEventAction.EmulateNoWrite"/>
    public static VmEventResponse EmulateNoWrite { get; } = new(VmEventAction.EmulateNoWrite);

    /// <summary>The register write is not done. Xen cannot deny writes of XCR0.</summary>
    public static VmEventResponse Deny { get; } = new(VmEventAction.Deny);

    /// <summary>What happens to the instruction.</summary>
    public VmEventAction Action { get; internal init; }

    /// <summary>The registers to set before anything else is done. Other registers keep their values.</summary>
    public IReadOnlyDictionary<SettableRegister, ulong> Registers
    {
        get;
        internal init
        {
            ArgumentNullException.ThrowIfNull(value);
            SortedDictionary<SettableRegister, ulong> sorted = new(value.ToDictionary());
            _registers = [.. sorted];
            field = sorted.AsReadOnly();
        }
    } = System.Collections.ObjectModel.ReadOnlyDictionary<SettableRegister, ulong>.Empty;

    /// <summary>
    /// The altp2m view in which the vCPU goes on; 0: the host's own; null: the vCPU stays in its view.
    /// </summary>
    public ushort? View { get; internal init; }

    /// <summary>Toggle single stepping of the vCPU: on if it was off, off if it was on.</summary>
    public bool ToggleSingleStep { get; internal init; }

    /// <summary>
    /// Execute one instruction, without an event, then go on in this altp2m view (interface version 6 and later).
    /// </summary>
    public ushort? FastSingleStepView { get; internal init; }

    /// <summary>
    /// With <see cref="VmEventAction.Emulate"/>: what the instruction reads instead of the memory's contents. If it
    /// reads more bytes than these, it reads 0 for the rest. Empty: it reads the memory's contents. At most
    /// <see cref="ReadDataSize"/> bytes, or what the interface version has room for.
    /// </summary>
    public ReadOnlyMemory<byte> EmulatedReadData
    {
        get;
        internal init => field = value.ToArray();
    }

    /// <summary>
    /// With <see cref="VmEventAction.Emulate"/>: the instruction to emulate in place of INT3, at most
    /// <see cref="InstructionDataSize"/> bytes. Empty: the instruction that is there.
    /// </summary>
    public ReadOnlyMemory<byte> InstructionData
    {
        get;
        internal init => field = value.ToArray();
    }

    /// <summary>
    /// Raise one <see cref="VmEventKind.Interrupt"/> event, for the next interrupt that the vCPU takes (Xen 4.9 and
    /// later).
    /// </summary>
    public bool GetNextInterrupt { get; internal init; }

    /// <summary>Empty the vCPU's processor trace buffer (interface version 7).</summary>
    public bool ResetVmTrace { get; internal init; }

    /// <summary>
    /// Give a fork's vCPUs the state of its parent's vCPUs again (Xen 4.17 and later). If the domain is not a fork, Xen
    /// does nothing.
    /// </summary>
    public bool ResetForkState { get; internal init; }

    /// <summary>
    /// Give a fork the memory of its parent again (Xen 4.17 and later). If the domain is not a fork, Xen does nothing.
    /// </summary>
    public bool ResetForkMemory { get; internal init; }

    /// <summary>The response in a few words: the action, and what comes with it.</summary>
    public string Name => Flags == FlagsOf(Action) ? Action.ToString() : string.Join(", ", Words());

    /// <summary>The registers to set, in order. Walking through them allocates nothing.</summary>
    internal ReadOnlySpan<KeyValuePair<SettableRegister, ulong>> RegisterValues => _registers;

    /// <summary>The flags that tell Xen, without those that an action adds depending on the event.</summary>
    internal VmEventFlags Flags
    {
        get
        {
            // Every event asks for them, and they never change.
            if (_flags == NotComputed) _flags = (long)ToFlags();
            return (VmEventFlags)_flags;
        }
    }

    /// <summary>The same response with one more register to set.</summary>
    public VmEventResponse WithRegister(SettableRegister register, ulong value) =>
        new(this) { Registers = new Dictionary<SettableRegister, ulong>(Registers) { [register] = value } };

    /// <summary>Whether the response has an effect for this kind of event.</summary>
    public bool AppliesTo(VmEventKind kind) => ResponseRules.FindObjection(this, kind) is null;

    /// <summary>Refuses an answer that contradicts itself.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.ResponseNotApplicable"/>.</exception>
    public void EnsureConsistent()
    {
        if (ResponseRules.FindContradiction(this) is { } objection) throw objection;
    }

    /// <summary>Refuses an answer that makes no sense for any host and event.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.ResponseNotApplicable"/>.</exception>
    public void EnsureAppliesTo(VmEventKind kind)
    {
        if (ResponseRules.FindObjection(this, kind) is { } objection) throw objection;
    }

    /// <summary>Two responses are equal if they say the same.</summary>
    public bool Equals(VmEventResponse? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && Flags == other.Flags
            && Action == other.Action
            && View == other.View
            && FastSingleStepView == other.FastSingleStepView
            && Registers.SequenceEqual(other.Registers)
            && EmulatedReadData.Span.SequenceEqual(other.EmulatedReadData.Span)
            && InstructionData.Span.SequenceEqual(other.InstructionData.Span));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as VmEventResponse);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Flags, Action, View, FastSingleStepView, Registers.Count);

    /// <summary>Whether they say the same.</summary>
    public static bool operator ==(VmEventResponse? one, VmEventResponse? other) => one is null ? other is null : one.Equals(other);

    /// <summary>Whether they say different things.</summary>
    public static bool operator !=(VmEventResponse? one, VmEventResponse? other) => !(one == other);

    /// <inheritdoc cref="Name"/>
    public override string ToString() => Name;

    private VmEventFlags ToFlags() =>
        FlagsOf(Action)
        | (Registers.Count > 0 ? VmEventFlags.SetRegisters : 0)
        | (View is not null ? VmEventFlags.AlternateP2m : 0)
        | (ToggleSingleStep ? VmEventFlags.ToggleSingleStep : 0)
        | (FastSingleStepView is not null ? VmEventFlags.FastSingleStep : 0)
        | (!EmulatedReadData.IsEmpty ? VmEventFlags.SetEmulReadData : 0)
        | (!InstructionData.IsEmpty ? VmEventFlags.SetEmulInsnData : 0)
        | (GetNextInterrupt ? VmEventFlags.GetNextInterrupt : 0)
        | (ResetVmTrace ? VmEventFlags.ResetVmtrace : 0)
        | (ResetForkState ? VmEventFlags.ResetForkState : 0)
        | (ResetForkMemory ? VmEventFlags.ResetForkMemory : 0);

    private static VmEventFlags FlagsOf(VmEventAction action) => action switch
    {
        VmEventAction.Emulate => VmEventFlags.Emulate,
        VmEventAction.EmulateNoWrite => VmEventFlags.Emulate | VmEventFlags.EmulateNoWrite,
        VmEventAction.Deny => VmEventFlags.Deny,
        _ => VmEventFlags.None,
    };

    private IEnumerable<string> Words()
    {
        yield return Action.ToString();
        foreach ((SettableRegister register, ulong value) in Registers)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{register}=0x{value:x}");
        }

        if (View is { } view) yield return string.Create(CultureInfo.InvariantCulture, $"View {view}");
        if (ToggleSingleStep) yield return nameof(ToggleSingleStep);
        if (FastSingleStepView is { } next) yield return string.Create(CultureInfo.InvariantCulture, $"FastSingleStepView {next}");
        if (!EmulatedReadData.IsEmpty) yield return $"{nameof(EmulatedReadData)} {Convert.ToHexStringLower(EmulatedReadData.Span)}";
        if (!InstructionData.IsEmpty) yield return $"{nameof(InstructionData)} {Convert.ToHexStringLower(InstructionData.Span)}";
        if (GetNextInterrupt) yield return nameof(GetNextInterrupt);
        if (ResetVmTrace) yield return nameof(ResetVmTrace);
        if (ResetForkState) yield return nameof(ResetForkState);
        if (ResetForkMemory) yield return nameof(ResetForkMemory);
    }
}

/// <summary>What happens to the instruction that raised an event.</summary>
public enum VmEventAction
{
    /// <summary>
    /// The guest goes on as if nobody had watched: the page gets its permissions back (if it stays watched, the
    /// instruction is emulated instead), the breakpoint or exception reaches the guest, the register write is done,
    /// CPUID is stepped over.
    /// </summary>
    Continue,

    /// <summary>
    /// The guest gets its breakpoint or debug exception, of the type and instruction length that Xen reported.
    /// </summary>
    Reinject,

    /// <summary>The guest never learns of the breakpoint or debug exception. It goes on after it.</summary>
    Skip,

    /// <summary>Xen emulates the instruction. A page stays watched.</summary>
    Emulate,

    /// <summary>Xen emulates the instruction and discards what it writes. A page stays watched.</summary>
    EmulateNoWrite,

    /// <summary>The register write is not done.</summary>
    Deny,
}
