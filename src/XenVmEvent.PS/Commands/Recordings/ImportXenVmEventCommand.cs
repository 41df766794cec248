using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Symbols;

namespace XenVmEvent.PS;

/// <summary>
/// Import-XenVmEvent: reads events that Export-XenVmEvent or xenvmevent has recorded: the same objects, with their
/// registers and their responses. A truncated last line is skipped with a warning.
/// </summary>
[Cmdlet(VerbsData.Import, "XenVmEvent", DefaultParameterSetName = ByPath)]
[OutputType(typeof(VmEvent))]
public sealed class ImportXenVmEventCommand : RecordingCmdlet
{
    private const string ByPath = "Path";
    private const string ByLiteralPath = "LiteralPath";

    private EventSelection _selection = new();
    private SymbolMap? _symbols;
    private Predicate<string>[] _recordedSymbols = [];

    /// <summary>The files, with or without wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ByPath)]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>The files, with wildcards taken literally, or as Get-ChildItem returns them.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ByLiteralPath)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Only writes of these values, as in 0x6000 or 0xffffffff81000000-0xffffffff81ffffff.</summary>
    [Parameter]
    [AddressTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressRange[] NewValue { get; set; } = [];

    /// <summary>Only writes of other values.</summary>
    [Parameter]
    [AddressTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressRange[] ExcludeNewValue { get; set; } = [];

    /// <summary>Only events whose instruction pointer is one of these.</summary>
    [Parameter]
    [AddressTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressRange[] InstructionPointer { get; set; } = [];

    /// <summary>Only accesses to these linear addresses.</summary>
    [Parameter]
    [AddressTransformation]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public AddressRange[] LinearAddress { get; set; } = [];

    /// <summary>
    /// Only events whose instruction pointer is in the code of these symbols, with or without wildcards. Symbols come
    /// from -SymbolMap, or without it from the recording.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Symbol { get; set; } = [];

    /// <summary>
    /// The guest's System.map or a copy of its /proc/kallsyms. Each event gets the symbol that its instruction pointer
    /// is in.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SymbolMap { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _symbols = SymbolMap is null ? null : SymbolFile.Read(this, SymbolMap);
        if (_symbols is null) _recordedSymbols = [.. Symbol.Select(NamePattern.Matching)];
        Require(Symbol.Length > 0 ? Symbol : ExcludeNewValue, () => _selection = new EventSelection
        {
            NewValues = AddressRange.Except(NewValue, ExcludeNewValue),
            InstructionPointers = _symbols is null ? InstructionPointer : SymbolFile.Select(InstructionPointer, _symbols, Symbol),
            LinearAddresses = LinearAddress,
        });
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string path in LiteralPath) ReadLiteral(path, _selection, Show);
        foreach (string path in Path) ReadAll(path, _selection, Show);
    }

    private void Show(VmEvent vmEvent)
    {
        if (_recordedSymbols.Length > 0 && !Array.Exists(_recordedSymbols, isMeant => NameOf(vmEvent) is { } name && isMeant(name))) return;
        if (_symbols is not null) vmEvent.Symbol = _symbols.Find(vmEvent.InstructionPointer);
        WriteObject(VmEventMembers.Shown(vmEvent));
    }

    /// <summary>The recorded symbol, without the offset.</summary>
    private static string? NameOf(VmEvent vmEvent) =>
        vmEvent.Symbol is { } symbol && symbol.LastIndexOf("+0x", StringComparison.Ordinal) is var end and > 0 ? symbol[..end] : vmEvent.Symbol;
}
