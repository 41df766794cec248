using System.Globalization;
using System.IO.Enumeration;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Symbols;

namespace XenVmEvent.Policy;

/// <summary>Reads one rule of a policy.</summary>
internal sealed class RuleReader(PolicyMap map, SymbolMap? symbols)
{
    private static readonly TimeSpan LongestAfter = TimeSpan.FromDays(1);

    /// <summary>The keys that only rules of some kinds of event have.</summary>
    private static readonly (string Key, VmEventKind[] Kinds)[] KeysOfKinds =
    [
        ("register", [VmEventKind.WriteControlRegister]),
        ("ignoredBits", [VmEventKind.WriteControlRegister]),
        ("msr", [VmEventKind.MovToMsr]),
        ("onChange", [VmEventKind.WriteControlRegister, VmEventKind.MovToMsr]),
        ("newValue", [VmEventKind.WriteControlRegister, VmEventKind.MovToMsr]),
        ("async", [VmEventKind.WriteControlRegister, VmEventKind.DebugException, VmEventKind.GuestRequest, VmEventKind.VmExit]),
        ("allowUserspace", [VmEventKind.GuestRequest]),
        ("vcpu", [VmEventKind.SingleStep]),
        ("at", [VmEventKind.SoftwareBreakpoint]),
        ("hide", [VmEventKind.SoftwareBreakpoint]),
        ("access", [VmEventKind.MemAccess]),
        ("gfn", [VmEventKind.MemAccess]),
        ("range", [VmEventKind.MemAccess]),
        ("linearAddress", [VmEventKind.MemAccess]),
        ("repeat", [VmEventKind.MemAccess]),
        ("ignorePageWalks", [VmEventKind.MemAccess]),
    ];

    /// <returns>The rule; null if its event is not known. What is wrong has been noted.</returns>
    public EventRule? Read()
    {
        string name = map.RequireText("name");
        if (!map.Has("event")) map.Note(map.Node, $"'event' is missing: it is one of {string.Join(", ", Enum.GetNames<VmEventKind>())}.");
        if (map.TakeName<VmEventKind>("event") is not { } kind) return null;
        bool isAsync = Allows("async", kind) && map.TakeBoolean("async");
        EventWatch watch = ReadWatch(kind) with { Async = isAsync };
        List<ComputedRegister> computed = [];
        PolicyNode? saysAnswer = map.Take("answer") ?? map.Take("set");
        VmEventResponse? answer = ReadAnswer(kind, computed);
        if (answer is not null && isAsync) map.Note(saysAnswer ?? map.Node, "The guest does not wait for an answer to these events: leave 'async' or the answer out.");
        if (answer?.Action == VmEventAction.Reinject && watch.Breakpoints is not null)
            map.Note(saysAnswer ?? map.Node, "The guest has no breakpoint at the places of 'at': leave 'reinject' out.");
        bool afterBoot = map.Take("after") is { Kind: PolicyNodeKind.Word, Text: "boot" };
        EventRule rule = new()
        {
            Name = name,
            Watch = watch,
            When = Compile("when", map.Take("when"), kind, ExpressionParser.ParseCondition),
            Answer = answer,
            ComputedRegisters = computed,
            Report = ReadReport(),
            Severity = map.TakeName<RuleSeverity>("severity") ?? RuleSeverity.Info,
            Message = map.TakeText("message"),
            After = afterBoot ? TimeSpan.Zero : map.TakeDuration("after", LongestAfter, ", or boot") ?? TimeSpan.Zero,
            AfterBoot = afterBoot,
        };
        map.RefuseOthers($"A rule for {kind} events", key => Array.Find(KeysOfKinds, one => one.Key == key) is { Key: not null } found
            ? $"it is for {string.Join(", ", found.Kinds)} events." : null);
        return rule;
    }

    private static bool Allows(string key, VmEventKind kind) => Array.Exists(KeysOfKinds, one => one.Key == key && one.Kinds.Contains(kind));

    private EventWatch ReadWatch(VmEventKind kind)
    {
        EventWatch watch = new() { Kinds = [kind] };
        EventSelection selection = new() { InstructionPointers = ReadInstructionPointers() };
        if (kind is VmEventKind.WriteControlRegister or VmEventKind.MovToMsr)
        {
            selection = selection with { NewValues = ReadRanges("newValue") };
            watch = watch with { OnChangeOnly = map.TakeBoolean("onChange") };
        }

        switch (kind)
        {
            case VmEventKind.WriteControlRegister:
                if (!map.Has("register")) map.Note(map.Node, "'register' is missing: it is CR0, CR3, CR4 or xcr0, or a list of them.");
                ControlRegister[] registers = [.. map.TakeWords("register").Select(node => map.NameOf<ControlRegister>(node, "register")).OfType<ControlRegister>()];
                watch = watch with { ControlRegisters = registers, IgnoredBits = map.TakeNumber("ignoredBits", ulong.MaxValue, "a number of 64 bits") ?? 0 };
                break;
            case VmEventKind.MovToMsr:
                watch = watch with { Msrs = ReadMsrs() };
                break;
            case VmEventKind.GuestRequest:
                watch = watch with { AllowUserspace = map.TakeBoolean("allowUserspace") };
                break;
            case VmEventKind.SingleStep:
                watch = watch with { SteppedVCpus = ReadVCpus() };
                break;
            case VmEventKind.SoftwareBreakpoint:
                watch = watch with { Breakpoints = ReadBreakpoints() };
                break;
            case VmEventKind.MemAccess:
                selection = selection with { LinearAddresses = ReadRanges("linearAddress") };
                watch = watch with { Pages = ReadPages() };
                break;
        }

        return watch with { Selection = selection };
    }

    /// <summary>Places in the kernel's code: do_init_module, commit_creds+4, 0xffffffff81234560.</summary>
    private BreakpointWatch? ReadBreakpoints()
    {
        Breakpoint[] places = ReadEach("at", text =>
        {
            if (NumberText.TryParse(text, out ulong number)) return new Breakpoint(number);
            int plus = text.LastIndexOf('+');
            if (plus < 0) return new Breakpoint(AddressOf(text), text);
            return NumberText.TryParse(text[(plus + 1)..].Trim(), out ulong offset)
                ? new Breakpoint(unchecked(AddressOf(text[..plus].Trim()) + offset), text)
                : throw new XenException(XenErrorId.InvalidPolicy, $"'{PolicyMap.Short(text)}' does not end with a number of bytes, as commit_creds+4 does.", "");
        });
        bool hides = map.TakeBoolean("hide");
        if (hides && !map.Has("at")) map.Note(map.Take("hide")!, "'hide' hides the breakpoints of 'at', and there is no 'at'.");
        return places.Length == 0 ? null : new BreakpointWatch { At = places, Kernel = FindKernel(), Hide = hides };
    }

    /// <summary>Where the kernel is according to the symbols; null if they do not tell.</summary>
    private KernelImage? FindKernel() =>
        symbols?.AddressOf("entry_SYSCALL_64") is { } entry
        && (symbols.AddressOf("_text") ?? symbols.AddressOf("_stext")) is { } first
        && (symbols.AddressOf("_end") ?? symbols.AddressOf("_etext")) is { } end
        && end > first ? new KernelImage(entry, new AddressRange(first, end - 1)) : null;

    private PageWatch ReadPages()
    {
        PageAccess access = PageAccess.None;
        if (!map.Has("access")) map.Note(map.Node, "'access' is missing: it is read, write or execute, or a list of them.");
        foreach (PolicyNode node in map.TakeWords("access"))
        {
            PageAccess? one = map.NameOf<PageAccess>(node, "access");
            if (one == PageAccess.None) map.Note(node, "'none' watches nothing: write read, write or execute.");
            access |= one ?? PageAccess.None;
        }

        return new PageWatch
        {
            Access = access,
            Ranges = ReadEach<GfnRange>("gfn", GfnRange.Parse),
            Kernel = ReadKernelParts(),
            Repeat = map.TakeBoolean("repeat"),
            IgnorePageWalks = map.TakeBoolean("ignorePageWalks"),
        };
    }

    /// <summary>Parts of the kernel: _stext.._etext, sys_call_table, 0xffffffff81000000..0xffffffff81ffffff.</summary>
    private KernelParts? ReadKernelParts()
    {
        if (map.Has("gfn") && map.Take("range") is { } both) map.Note(both, "Pages are named by 'gfn' or by 'range', not by both.");
        KernelPart[] parts = ReadEach("range", text =>
        {
            string? name = char.IsAsciiDigit(text[0]) ? null : text;
            if (name is null || text.Contains("..", StringComparison.Ordinal)) return new KernelPart(ReadRange(text), name);
            return symbols?.RangeOf(text) is { } range ? new KernelPart(range, name) : throw NoAddress(text);
        });
        return parts.Length == 0 ? null : new KernelParts { Parts = parts, Kernel = FindKernel() };
    }

    private uint[] ReadMsrs()
    {
        if (!map.Has("msr")) map.Note(map.Node, "'msr' is missing: it is the name or number of a register, as in IA32_LSTAR, or a list of them.");
        List<uint> msrs = [];
        foreach (PolicyNode node in map.TakeWords("msr"))
        {
            if (MsrNames.TryParse(node.Text, out uint msr)) msrs.Add(msr);
            else map.Note(node, $"'{PolicyMap.Short(node.Text)}' is neither the number nor the name of a register{NearestName.Question(node.Text, MsrNames.All)}");
        }

        return [.. msrs];
    }

    private uint[] ReadVCpus()
    {
        List<uint> vcpus = [];
        foreach (PolicyNode node in map.TakeWords("vcpu"))
        {
            if (uint.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out uint vcpu)) vcpus.Add(vcpu);
            else map.Note(node, "'vcpu' is the number of a vCPU, from 0, or a list of them.");
        }

        return [.. vcpus];
    }

    private IReadOnlyList<AddressRange> ReadInstructionPointers()
    {
        AddressRange[] pointers = ReadRanges("instructionPointer");
        List<AddressRange> named = [];
        foreach (PolicyNode node in map.TakeWords("symbol"))
        {
            if (symbols is null) map.Note(node, "'symbol' needs the policy's 'symbols', which has the addresses.");
            else Try(node, () => named.AddRange(symbols.RangesOf(node.Text, name => FileSystemName.MatchesSimpleExpression(node.Text, name))));
        }

        IReadOnlyList<AddressRange> both = [];
        Try(map.Node, () => both = AddressRange.Intersect(pointers, named));
        return both;
    }

    /// <summary>Ranges of addresses: 0x1000-0x1fff, or of symbols: _stext.._etext.</summary>
    private AddressRange[] ReadRanges(string key) => ReadEach(key, ReadRange);

    private AddressRange ReadRange(string text)
    {
        string[] ends = text.Split("..", 2, StringSplitOptions.TrimEntries);
        if (ends.Length == 1 && !char.IsAsciiLetter(text[0]) && text[0] != '_') return AddressRange.ParseList(text)[0];
        ulong first = AddressOf(ends[0]);
        ulong last = ends.Length == 1 ? first : AddressOf(ends[1]);
        return first <= last ? new AddressRange(first, last) : throw new XenException(
            XenErrorId.InvalidPolicy, $"'{PolicyMap.Short(text)}' has no addresses: its first is greater than its last.", "");
    }

    private ulong AddressOf(string text)
    {
        if (NumberText.TryParse(text, out ulong number)) return number;
        return symbols?.AddressOf(text) ?? throw NoAddress(text);
    }

    private XenException NoAddress(string text) => new(
        XenErrorId.InvalidPolicy,
        symbols is null ? $"'{PolicyMap.Short(text)}' is a symbol, and the policy has no 'symbols', which has the addresses." : $"'{PolicyMap.Short(text)}' is not a symbol of the map.",
        "");

    private T[] ReadEach<T>(string key, Func<string, T> read)
    {
        List<T> all = [];
        foreach (PolicyNode node in map.TakeWords(key))
        {
            if (node.Text.Length > 0) Try(node, () => all.Add(read(node.Text)));
            else map.Note(node, $"'{key}' is empty.");
        }

        return [.. all];
    }

    private VmEventResponse? ReadAnswer(VmEventKind kind, List<ComputedRegister> computed)
    {
        PolicyNode? named = map.Take("answer");
        PolicyNode where = named ?? map.Node;
        VmEventAction? action = map.TakeName<VmEventAction>("answer");
        byte[] readData = ReadBytes("emulatedReadData");
        byte[] instruction = ReadBytes("instructionData");
        Dictionary<SettableRegister, ulong> registers = ReadRegisters(kind, computed);
        VmEventResponse response = new(
            action ?? (readData.Length + instruction.Length > 0 ? VmEventAction.Emulate : VmEventAction.Continue),
            registers,
            view: (ushort?)map.TakeNumber("view", ushort.MaxValue, "the number of a view"),
            toggleSingleStep: map.TakeBoolean("toggleSingleStep"),
            fastSingleStepView: (ushort?)map.TakeNumber("fastSingleStepView", ushort.MaxValue, "the number of a view"),
            emulatedReadData: readData,
            instructionData: instruction,
            getNextInterrupt: map.TakeBoolean("getNextInterrupt"),
            resetVmTrace: map.TakeBoolean("resetVmTrace"),
            resetForkState: map.TakeBoolean("resetForkState"),
            resetForkMemory: map.TakeBoolean("resetForkMemory"));
        if (action is null && response == VmEventResponse.Continue) return null;
        Try(where, () =>
        {
            response.EnsureConsistent();
            response.EnsureAppliesTo(kind);
        });
        return response;
    }

    private Dictionary<SettableRegister, ulong> ReadRegisters(VmEventKind kind, List<ComputedRegister> computed)
    {
        Dictionary<SettableRegister, ulong> registers = [];
        if (map.Take("set") is not { } node) return registers;
        if (node.Kind != PolicyNodeKind.Map || node.Entries.Count == 0)
        {
            map.Note(node, "'set' is a map of registers and values, as in {rax: 0, rcx: 'rcx & 0xff'}.");
            return registers;
        }

        foreach ((PolicyNode key, PolicyNode value) in node.Entries)
        {
            if (map.NameOf<SettableRegister>(key, "set") is not { } register) continue;
            if (Compile("set", value, kind, ExpressionParser.ParseNumber) is not { } number) continue;
            if (!registers.TryAdd(register, number.IsConstant ? number.Evaluate(default) : 0)) map.Note(key, $"'{PolicyMap.Short(key.Text)}' comes twice.");
            else if (!number.IsConstant) computed.Add(new ComputedRegister(register, number));
        }

        return registers;
    }

    private byte[] ReadBytes(string key)
    {
        if (map.Take(key) is not { } node) return [];
        try
        {
            return Convert.FromHexString(node.Text.Replace(" ", "", StringComparison.Ordinal)) is { Length: > 0 } bytes ? bytes : throw new FormatException();
        }
        catch (FormatException)
        {
            map.Note(node, $"'{key}' is a row of bytes, as in '90 c3'.");
            return [];
        }
    }

    /// <summary>Which events are shown: all, none, sample 1/100, at most 10/s.</summary>
    private RuleReport ReadReport()
    {
        if (map.TakeText("report") is not { } text) return RuleReport.All;
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case ["all"]: return RuleReport.All;
            case ["none"]: return RuleReport.None;
            case ["sample", ['1', '/', .. var every]] when IsCount(every, out int count): return new RuleReport { Every = count };
            case ["at", "most", [.. var most, '/', 's']] when IsCount(most, out int count): return new RuleReport { MostPerSecond = count };
            default:
                map.Note(map.Take("report")!, "'report' is all, none, 'sample 1/100' or 'at most 10/s'.");
                return RuleReport.All;
        }

        static bool IsCount(string number, out int count) =>
            int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count > 0;
    }

    private Expression? Compile(string key, PolicyNode? node, VmEventKind kind, Func<string, EventFields, SymbolMap?, Expression> compile)
    {
        if (node is null) return null;
        if (node.Kind != PolicyNodeKind.Word)
        {
            map.Note(node, $"'{key}' is an expression; put it in quotes if it has a comma or a bracket.");
            return null;
        }

        try
        {
            return compile(node.Text, EventFields.Of(kind), symbols);
        }
        catch (ExpressionException e)
        {
            map.Note(node, e.Position, e.Message);
            return null;
        }
    }

    private void Try(PolicyNode node, Action action)
    {
        try
        {
            action();
        }
        catch (XenException e)
        {
            map.Note(node, e.Message);
        }
    }
}
