using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.IO.Enumeration;
using XenVmEvent.Abi;
using XenVmEvent.Agent;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent receive</c>.</summary>
internal static class ReceiveCommand
{
    /// <summary>The command's name.</summary>
    public const string Name = "receive";

    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent receive --redis <server> [--host <name>] [--domain <name>] [--follow] [options]";

    /// <summary>In seconds: the longest time that an event waits for those of other hosts.</summary>
    private const double LongestWindow = 3600;

    private static readonly Option<string> Redis = new("--redis")
    {
        Description = "The Redis, as in redis.example:6379,user=soc,ssl=true.",
        HelpName = "server",
        Required = true,
    };

    private static readonly Option<string?> PasswordFile = new("--password-file") { Description = "A file whose first line is the password.", HelpName = "file" };
    private static readonly Option<string?> AuthorityFile = new("--authority-file") { Description = "Certificates in PEM, of which one must have signed the server's.", HelpName = "file" };
    private static readonly Option<string> Host = new("--host") { Description = "The hosts, as in 'dom0-*'; by default all.", HelpName = "name", DefaultValueFactory = _ => "*" };
    private static readonly Option<string> Domain = new("--domain") { Description = "The domains, as in 'web*'; by default all.", HelpName = "name", DefaultValueFactory = _ => "*" };
    private static readonly Option<IReadOnlyCollection<VmEventKind>> Kinds = new("--event")
    {
        Description = "The kinds of event, as in MemAccess,MovToMsr; by default all.",
        HelpName = "kinds",
        CustomParser = ParseKinds,
        CompletionSources = { _ => Enum.GetNames<VmEventKind>() },
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<DateTimeOffset?> Since = new("--since")
    {
        Description = "Only what hosts sent from then on: a time, as in 2026-05-01T12:00Z, or how long ago, as in 90s, 15min, 2h or 7d.",
        HelpName = "time",
        CustomParser = ParseSince,
    };

    private static readonly Option<bool> Follow = new("--follow") { Description = "Wait for more at the end, also from hosts that come later." };
    private static readonly Option<TimeSpan> Window = new("--window")
    {
        Description = "With --follow: how many seconds an event waits for earlier ones of other hosts, by default 2.",
        HelpName = "seconds",
        CustomParser = ParseWindow,
        DefaultValueFactory = _ => TimeSpan.FromSeconds(2),
    };

    private static readonly Option<string?> Group = new("--group") { Description = "Share the events with the other readers of this group; each goes to one of them.", HelpName = "name" };
    private static readonly Option<string?> Consumer = new("--consumer") { Description = "This reader's name in the group; by default the machine's.", HelpName = "name" };
    private static readonly Option<OutputFormat> Format = new("--format")
    {
        Description = "text, for people, or json, one object per line.",
        HelpName = "format",
        CustomParser = XenVmEventCommand.ParseFormat,
    };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new(Name, "Receives the events that the agents of many hosts sent to Redis, in the order of time.")
        {
            Redis, PasswordFile, AuthorityFile, Host, Domain, Kinds, Since, Follow, Window, Group, Consumer,
            XenVmEventCommand.First, XenVmEventCommand.Duration, Format, XenVmEventCommand.Output,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(Consumer) is { Implicit: false } && result.GetResult(Group) is null) result.AddError("--consumer needs --group.");
            if (result.GetResult(Window) is { Implicit: false } && result.GetResult(Follow) is null) result.AddError("--window needs --follow.");
        });
        command.SetAction(parsed =>
        {
            using ReceiveRun run = new(ToQuery(parsed), parsed.GetValue(XenVmEventCommand.First), parsed.GetValue(XenVmEventCommand.Duration), parsed.GetValue(Format), parsed.GetValue(XenVmEventCommand.Output));
            return run.Run();
        });
        return command;
    }

    private static FleetQuery ToQuery(ParseResult parsed)
    {
        FleetQuery query = new()
        {
            Redis = new RedisSettings { Server = parsed.GetRequiredValue(Redis), PasswordFile = parsed.GetValue(PasswordFile), AuthorityFile = parsed.GetValue(AuthorityFile) },
            IsWantedHost = Matching(parsed.GetRequiredValue(Host)),
            IsWantedDomain = Matching(parsed.GetRequiredValue(Domain)),
            Kinds = parsed.GetRequiredValue(Kinds),
            Since = parsed.GetValue(Since),
            Follow = parsed.GetValue(Follow),
            Window = parsed.GetValue(Window),
            Group = parsed.GetValue(Group),
            Tell = StandardError.Say,
        };
        return parsed.GetValue(Consumer) is { } consumer ? query with { Consumer = consumer } : query;
    }

    private static Predicate<string> Matching(string pattern) => name => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);

    private static IReadOnlyCollection<VmEventKind> ParseKinds(ArgumentResult result)
    {
        HashSet<VmEventKind> kinds = [];
        foreach (string name in result.Tokens[0].Value.Split(','))
        {
            if (Array.Find(Enum.GetNames<VmEventKind>(), n => n.Equals(name, StringComparison.OrdinalIgnoreCase)) is not { } kind)
                return XenVmEventCommand.Refuse<IReadOnlyCollection<VmEventKind>>(result, $"'{name}' is not a kind of event; the kinds are {string.Join(", ", Enum.GetNames<VmEventKind>())}.") ?? [];
            kinds.Add(Enum.Parse<VmEventKind>(kind));
        }

        return kinds;
    }

    private static DateTimeOffset? ParseSince(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (Ago(text) is { } ago) return DateTimeOffset.UtcNow - ago;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset time)
            ? time
            : XenVmEventCommand.Refuse<DateTimeOffset?>(result, $"'{text}' is neither a time, as in 2026-05-01T12:00Z, nor how long ago, as in 90s, 15min, 2h or 7d.");
    }

    private static TimeSpan? Ago(string text)
    {
        foreach ((string unit, double seconds) in new[] { ("min", 60.0), ("s", 1), ("h", 3600), ("d", 86_400) })
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
                && number * seconds < TimeSpan.FromDays(36_600).TotalSeconds) return TimeSpan.FromSeconds(number * seconds);
        }

        return null;
    }

    private static TimeSpan ParseWindow(ArgumentResult result) =>
        double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 0 and <= LongestWindow
            ? TimeSpan.FromSeconds(seconds)
            : XenVmEventCommand.Refuse<TimeSpan>(result, $"--window takes a number of seconds, at most {LongestWindow}.");
}
