using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Globalization;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Cli;

/// <summary>The command line: what it accepts, and what it refuses.</summary>
internal static class XenVmEventCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent [-m] <domain> <mode> [options]";

    /// <summary>In seconds: the longest time of a timer.</summary>
    private const double LongestDuration = 4_000_000;

    private static readonly Argument<string> Domain = new("domain") { Description = "The domain: its id, name or uuid." };

    private static readonly Argument<WatchMode> Mode = new("mode")
    {
        Description = string.Join("\n", WatchMode.All.Select(m => $"{m.Name}: {m.Description}")),
        HelpName = "mode",
        CustomParser = result => ParseMode(result),
        CompletionSources = { _ => WatchMode.All.Select(m => new CompletionItem(m.Name, documentation: m.Description)) },
    };

    private static readonly Option<bool> Required = new("-m") { Description = "Xen crashes the domain when an access violates a page's permissions and there is no listener." };
    internal static readonly Option<bool> Follow = new("--follow")
    {
        Description = "Also for guests that start later or reboot: each is kept back until it is watched, 20 s at most. The name of the domain may have wildcards, as in 'web*'.",
    };

    internal static readonly Option<bool> NoGuard = new("--no-guard") { Description = "Start no second process that frees the guest if this one is killed." };
    internal static readonly Option<bool> Simulate = new("--simulate") { Description = "Watch a simulated guest, web01 or db01, on a machine without Xen." };
    internal static readonly Option<string?> Trace = new("--trace")
    {
        Description = "With --simulate: replay this recording; its domains raise their events again.",
        HelpName = "file",
    };

    internal static readonly Option<bool> Fast = new("--fast") { Description = "With --trace: replay as fast as events are answered, not at the recorded pace." };
    internal static readonly Option<ChannelPreference> Channel = new("--channel")
    {
        Description = "auto, ring or slotted: how events travel.",
        HelpName = "channel",
        CustomParser = ParseChannel,
    };

    internal static readonly Option<long?> First = new("--first", "--count")
    {
        Description = "End after this many events.",
        HelpName = "events",
        CustomParser = ParseFirst,
    };

    internal static readonly Option<TimeSpan?> Duration = new("--duration")
    {
        Description = "End after this many seconds.",
        HelpName = "seconds",
        CustomParser = ParseDuration,
    };

    private static readonly Option<OutputFormat> Format = new("--format")
    {
        Description = "text, as xen-access prints it, or json, one object per line.",
        HelpName = "format",
        CustomParser = ParseFormat,
    };

    internal static readonly Option<string?> Output = new("--output")
    {
        Description = "Record the events in this file, as JSON, instead of printing them; compressed if its name ends with .gz.",
        HelpName = "file",
    };

    private static readonly Option<IReadOnlyList<GfnRange>> Gfns = new("--gfn")
    {
        Description = "For write, exec and altp2m_*: watch only these pages, as in 0x400-0x43f,0x500.",
        HelpName = "ranges",
        CustomParser = result => Refusing(result, GfnRange.ParseList, []),
    };

    private static readonly Option<bool> Repeat = new("--repeat") { Description = "For write and exec: keep pages watched after their first access." };
    private static readonly Option<VmEventResponse> Response = new("--response")
    {
        Description = $"The answer to every event, by default continue: {string.Join(", ", WatchMode.Responses.Keys)}.",
        HelpName = "response",
        CustomParser = ParseResponse,
        DefaultValueFactory = _ => VmEventResponse.Continue,
        CompletionSources = { _ => WatchMode.Responses.Keys },
    };

    private static readonly Option<IReadOnlyList<uint>> Msrs = new("--msr")
    {
        Description = "For msr: the registers, as in 0xc0000082,IA32_SYSENTER_EIP.",
        HelpName = "registers",
        CustomParser = ParseMsrs,
        CompletionSources = { _ => MsrNames.All },
    };

    private static readonly Option<IReadOnlyList<AddressRange>> NewValue = Addresses("--new-value", "For msr and write_ctrlreg_cr4: show only writes of these values, as in 0x6f0,0x1000-0x1fff.");
    private static readonly Option<IReadOnlyList<AddressRange>> ExcludeNewValue = Addresses("--exclude-new-value", "For msr and write_ctrlreg_cr4: hide writes of these values.");
    private static readonly Option<IReadOnlyList<AddressRange>> InstructionPointer = Addresses("--instruction-pointer", "Show only events of code at these addresses.");
    private static readonly Option<IReadOnlyList<AddressRange>> LinearAddress = Addresses("--linear-address", "For write, exec and altp2m_*: show only accesses to these linear addresses.");
    private static readonly Option<IReadOnlyList<string>> Symbol = new("--symbol")
    {
        Description = "Show only events of code with these names, as in do_syscall_64,sys_*; with --symbol-map.",
        HelpName = "names",
        CustomParser = result => result.Tokens[0].Value.Split(','),
    };

    private static readonly Option<string?> SymbolMap = new("--symbol-map")
    {
        Description = "The guest's System.map, or a copy of its /proc/kallsyms; JSON then has the symbol of each event.",
        HelpName = "file",
    };

    private static readonly Option<IReadOnlyDictionary<SettableRegister, ulong>> Registers = new("--register")
    {
        Description = "With every answer: set these registers of the guest, as in rbx=0x1234,rcx=0.",
        HelpName = "values",
        CustomParser = ParseRegisters,
        CompletionSources = { _ => Enum.GetNames<SettableRegister>().Select(name => $"{name.ToLowerInvariant()}=") },
    };

    /// <summary>Parses the arguments and runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments)
    {
        RootCommand root = Create();
        if (arguments is [Completion.Name, ..]) return Completion.Print(root, [.. arguments.Skip(1)]);
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { EnablePosixBundling = false });
        if (parsed.Errors.Count == 0) return Invoke(parsed);
        StandardError.Say($"{XenErrorId.InvalidUsage}: {parsed.Errors[0].Message} Usage: {UsageOf(parsed.CommandResult.Command)}; 'xenvmevent --help' explains it.");
        return ExitCode.Usage;
    }

    /// <summary>All that the command line accepts.</summary>
    public static RootCommand Create()
    {
        RootCommand root = new("Watches what a Xen guest does, and prints it.")
        {
            Domain, Mode, Required, Follow, NoGuard, Simulate, Trace, Fast, Channel, First, Duration, Format, Output, Gfns, Repeat, Msrs, Response, Registers,
            NewValue, ExcludeNewValue, InstructionPointer, LinearAddress, Symbol, SymbolMap,
            ApplyCommand.Create(), AgentCommand.Create(), CheckCommand.Create(), ReadCommand.Create(), ReceiveCommand.Create(), ReportCommand.Create(), TestCommand.Create(), ResetCommand.Create(), GuardCommand.Create(),
        };
        root.Options.OfType<HelpOption>().Single().Action = new HelpAction();

        root.Validators.Add(RefuseWhatDoesNotGoTogether);
        root.SetAction(parsed =>
        {
            using WatchRun run = new(ToArguments(parsed));
            return run.Run();
        });
        return root;
    }

    /// <summary>Runs an action; if it fails, prints one line that says why, and what to do.</summary>
    private static int Invoke(ParseResult parsed)
    {
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (XenException e)
        {
            StandardError.Say(e);
        }
        catch (Exception e) when (StandardOutput.IsFailure(e))
        {
            StandardError.Say(StandardOutput.Failed(e));
        }
        catch (Exception e)
        {
            // An uncaught exception would end the process at once, without giving anything back.
            StandardError.Say($"{XenErrorId.Unexpected}: {e} Please report this.");
        }

        return ExitCode.Failure;
    }

    /// <summary>How a command is called.</summary>
    public static string UsageOf(Command command) => command.Parents.OfType<Command>().FirstOrDefault() is { Name: AgentCommand.Name } ? AgentCommand.UsageOf(command) : command.Name switch
    {
        AgentCommand.Name => AgentCommand.Usage,
        "apply" => ApplyCommand.Usage,
        "check" => CheckCommand.Usage,
        "test" => TestCommand.Usage,
        "read" => ReadCommand.Usage,
        ReceiveCommand.Name => ReceiveCommand.Usage,
        "report" => ReportCommand.Usage,
        "reset" => ResetCommand.Usage,
        "guard" => GuardCommand.Usage,
        _ => Usage,
    };

    /// <summary>The named format; an error of the result if there is no such format.</summary>
    internal static OutputFormat ParseFormat(ArgumentResult result) => result.Tokens[0].Value switch
    {
        "text" => OutputFormat.Text,
        "json" => OutputFormat.Json,
        _ => Refuse<OutputFormat>(result, "--format takes text or json."),
    };

    private static WatchArguments ToArguments(ParseResult parsed) => new()
    {
        Domain = parsed.GetRequiredValue(Domain),
        Mode = parsed.GetRequiredValue(Mode),
        ListenerRequired = parsed.GetValue(Required),
        Follow = parsed.GetValue(Follow),
        NoGuard = parsed.GetValue(NoGuard),
        Simulate = parsed.GetValue(Simulate),
        Trace = parsed.GetValue(Trace),
        Fast = parsed.GetValue(Fast),
        Channel = parsed.GetValue(Channel),
        First = parsed.GetValue(First),
        Duration = parsed.GetValue(Duration),
        Format = parsed.GetValue(Format),
        Output = parsed.GetValue(Output),
        Gfns = parsed.GetValue(Gfns) ?? [],
        Repeat = parsed.GetValue(Repeat),
        Msrs = parsed.GetValue(Msrs) ?? [],
        NewValues = parsed.GetValue(NewValue) ?? [],
        ExcludedNewValues = parsed.GetValue(ExcludeNewValue) ?? [],
        InstructionPointers = parsed.GetValue(InstructionPointer) ?? [],
        LinearAddresses = parsed.GetValue(LinearAddress) ?? [],
        Symbols = parsed.GetValue(Symbol) ?? [],
        SymbolMap = parsed.GetValue(SymbolMap),
        Response = new VmEventResponse(parsed.GetRequiredValue(Response).Action, parsed.GetValue(Registers)),
    };

    private static WatchMode? ParseMode(ArgumentResult result)
    {
        string name = result.Tokens[0].Value;
        WatchMode? mode = FindMode(name);
        if (mode is null) result.AddError($"'{name}' is not a mode; the modes are {string.Join(", ", WatchMode.All.Select(m => m.Name))}.");
        return mode;
    }

    private static WatchMode? FindMode(string name) => WatchMode.All.FirstOrDefault(m => m.Name == name);

    private static long? ParseFirst(ArgumentResult result) =>
        long.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out long count) && count > 0
            ? count
            : Refuse<long?>(result, "--first takes a number of events, 1 or more.");

    private static TimeSpan? ParseDuration(ArgumentResult result) =>
        double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
            && seconds is > 0 and <= LongestDuration
            ? TimeSpan.FromSeconds(seconds)
            : Refuse<TimeSpan?>(result, $"--duration takes a number of seconds, more than 0 and at most {LongestDuration}.");

    private static ChannelPreference ParseChannel(ArgumentResult result) => result.Tokens[0].Value switch
    {
        "auto" => ChannelPreference.Auto,
        "ring" => ChannelPreference.Ring,
        "slotted" => ChannelPreference.Slotted,
        _ => Refuse<ChannelPreference>(result, "--channel takes auto, ring or slotted."),
    };

    private static VmEventResponse? ParseResponse(ArgumentResult result)
    {
        string name = result.Tokens[0].Value;
        return WatchMode.Responses.TryGetValue(name, out VmEventResponse? response)
            ? response
            : Refuse<VmEventResponse>(result, $"'{name}' is not a response; the responses are {string.Join(", ", WatchMode.Responses.Keys)}.");
    }

    private static IReadOnlyDictionary<SettableRegister, ulong>? ParseRegisters(ArgumentResult result)
    {
        Dictionary<SettableRegister, ulong> registers = [];
        foreach (string text in result.Tokens[0].Value.Split(','))
        {
            string[] parts = text.Split('=');
            string? name = Array.Find(Enum.GetNames<SettableRegister>(), n => n.Equals(parts[0], StringComparison.OrdinalIgnoreCase));
            if (name is null) return Refuse<IReadOnlyDictionary<SettableRegister, ulong>>(result, $"'{parts[0]}' is not a register that an answer can set.");
            if (parts.Length != 2 || !NumberText.TryParse(parts[1], out ulong value))
                return Refuse<IReadOnlyDictionary<SettableRegister, ulong>>(result, $"'{text}' gives {name} no value, as {name.ToLowerInvariant()}=0x1234 does.");
            registers[Enum.Parse<SettableRegister>(name)] = value;
        }

        return registers;
    }

    private static IReadOnlyList<uint> ParseMsrs(ArgumentResult result)
    {
        List<uint> msrs = [];
        foreach (string text in result.Tokens[0].Value.Split(','))
        {
            if (!MsrNames.TryParse(text, out uint msr))
                return Refuse<IReadOnlyList<uint>>(result, $"'{text}' is neither the number nor the name of a register.") ?? [];
            msrs.Add(msr);
        }

        return msrs;
    }

    private static Option<IReadOnlyList<AddressRange>> Addresses(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "ranges",
        CustomParser = result => Refusing(result, AddressRange.ParseList, []),
    };

    private static T? Refusing<T>(ArgumentResult result, Func<string, T> parse, T otherwise)
    {
        try
        {
            return parse(result.Tokens[0].Value);
        }
        catch (XenException e)
        {
            result.AddError($"{e.Message} {Remedies.Of(e)}");
            return otherwise;
        }
    }

    /// <summary>Adds an error to the result.</summary>
    internal static T? Refuse<T>(SymbolResult result, string why)
    {
        result.AddError(why);
        return default;
    }

    private static void RefuseUnless(SymbolResult result, bool good, string why)
    {
        if (!good) result.AddError(why);
    }

    /// <summary>Refuses options of a replay without those that they need.</summary>
    internal static void RefuseHalfReplay(CommandResult result)
    {
        RefuseUnless(result, result.GetResult(Trace) is null || result.GetResult(Simulate) is not null, "--trace needs --simulate.");
        RefuseUnless(result, result.GetResult(Fast) is null || result.GetResult(Trace) is not null, "--fast needs --trace.");
    }

    private static void RefuseWhatDoesNotGoTogether(CommandResult result)
    {
        RefuseHalfReplay(result);
        RefuseUnless(
            result,
            result.GetResult(Output) is null || result.GetResult(Format) is not { Tokens: [{ Value: "text" }] },
            "--format text and --output exclude each other: events are recorded as JSON.");

        RefuseUnless(result, result.GetResult(Symbol) is null || result.GetResult(SymbolMap) is not null, "--symbol needs --symbol-map, which has the addresses.");

        // By its name: asking a refused argument for its value throws.
        if (result.GetResult(Mode) is not { Tokens: [{ Value: string name }] } || FindMode(name) is not { } mode) return;
        RefuseUnless(result, mode.RestrictsPages || result.GetResult(Gfns) is null, "--gfn is for modes that watch pages.");
        RefuseUnless(result, mode is { RestrictsPages: true, UsesView: false } || result.GetResult(Repeat) is null, "--repeat is for the modes write and exec.");
        RefuseUnless(result, mode.RestrictsPages || result.GetResult(LinearAddress) is null, "--linear-address is for modes that watch pages.");
        RefuseUnless(
            result,
            mode.WritesRegisters || (result.GetResult(NewValue) is null && result.GetResult(ExcludeNewValue) is null),
            "--new-value and --exclude-new-value are for the modes msr and write_ctrlreg_cr4.");
        RefuseUnless(result, (mode.Name == "msr") == result.GetResult(Msrs) is not null, "--msr is for the mode msr, which needs it.");
    }
}
