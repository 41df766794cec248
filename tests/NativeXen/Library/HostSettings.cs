using System.Globalization;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;

namespace XenVmEvent.NativeXen;

/// <summary>The settings of the host and its guest from the environment. README.md explains the variables.</summary>
internal sealed class HostSettings
{
    private const string Prefix = "SIMULATED_XEN_";

    private HostSettings()
    {
        ToldInterfaceVersion = Number("INTERFACE", VmEventLayout.NewestVersion);
        Host = new SimulationOptions
        {
            InterfaceVersion = Math.Clamp(ToldInterfaceVersion, VmEventLayout.OldestVersion, VmEventLayout.NewestVersion),
            OffersSlottedChannel = Flag("SLOTTED", true),
            HasExtendedPageTables = Flag("EPT", true),
            Seed = Number("SEED", 1),
            Domains =
            [
                new SimulatedDomainOptions
                {
                    Id = (uint)Number("DOMAIN", 1),
                    Name = "guest",
                    VCpus = Number("VCPUS", 1),
                    Pages = Number("PAGES", 4096),
                    OnDemand = Run("ON_DEMAND"),
                    DeviceMemory = Run("DEVICE"),
                    Workload = WorkloadOf(Text("WORKLOAD")),
                    Rounds = Number("ROUNDS", 0),
                    RoundsPerSecond = Number("RATE", 0),
                    StartsPaused = true,
                },
            ],
        };
    }

    /// <summary>The simulated host.</summary>
    public SimulationOptions Host { get; }

    /// <summary>
    /// The interface version that the host reports. It may be an unknown one; the host then speaks another.
    /// </summary>
    public int ToldInterfaceVersion { get; }

    /// <summary>The channel of an earlier listener; null: there is none.</summary>
    public ChannelKind? OtherListener { get; } = Text("LISTENER") switch
    {
        null => null,
        "ring" => ChannelKind.Ring,
        "slotted" => ChannelKind.Slotted,
        string text => throw Wrong("LISTENER", "ring or slotted", text),
    };

    /// <summary>Whether the guest has all the memory that it may have.</summary>
    public bool IsGuestFull { get; } = Flag("FULL", false);

    /// <summary>Whether xenstore has a vCPU too few and a domain too many.</summary>
    public bool IsStoreBehind { get; } = Flag("STORE_BEHIND", false);

    /// <summary>Whether the process gets SIGINT when the guest has done its rounds.</summary>
    public bool InterruptsWhenFinished { get; } = Text("INTERRUPT") == "end";

    /// <summary>The number of notifications after which the process gets SIGINT; 0: never.</summary>
    public int InterruptsAtNotification { get; } = Text("INTERRUPT") == "end" ? 0 : Number("INTERRUPT", 0);

    /// <summary>How the guest ends when it has done its rounds; running: it does not end.</summary>
    public DomainState End { get; } = EndOf(Text("END"));

    /// <summary>The file to leave the guest's state in at the end of the process; null for none.</summary>
    public string? StateFile { get; } = Text("STATE");

    /// <summary>
    /// The file to leave in how long events held up the guest, at the end of the process; null for none.
    /// </summary>
    public string? TimesFile { get; } = Text("TIMES");

    /// <summary>
    /// The file that counts the guest's pauses, for all processes that work on it; null: each counts for itself.
    /// </summary>
    public string? PausesFile { get; } = Text("PAUSES");

    /// <summary>The file that names the moment at which a process is killed; null for none.</summary>
    public string? DeathFile { get; } = Text("DEATH");

    /// <summary>
    /// The file of the guest's memory, for all processes that work on it; null: each has its own. It is used while the
    /// guest is made.
    /// </summary>
    public static string? MemoryFile => Text("MEMORY");

    public static HostSettings Read() => new();

    private static string? Text(string name) =>
        Environment.GetEnvironmentVariable(Prefix + name) is { Length: > 0 } text ? text : null;

    private static int Number(string name, int otherwise) => Text(name) switch
    {
        null => otherwise,
        string text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) => number,
        string text => throw Wrong(name, "a number", text),
    };

    private static (ulong First, ulong Last)? Run(string name) => Text(name) switch
    {
        null => null,
        string text when NumberText.TryParseRange(text, out ulong first, out ulong last) => (first, last),
        string text => throw Wrong(name, "a run of pages", text),
    };

    private static bool Flag(string name, bool otherwise) => Text(name) switch
    {
        null => otherwise,
        "yes" => true,
        "no" => false,
        string text => throw Wrong(name, "yes or no", text),
    };

    private static DomainState EndOf(string? state) => state is null
        ? DomainState.Running
        : Enum.TryParse(state, out DomainState end) ? end : throw Wrong("END", "a way to end", state);

    private static Workload WorkloadOf(string? kinds) => kinds is null
        ? Workload.Everything
        : new Workload(kinds.Split(',').Select(name =>
            Enum.TryParse(name, out GuestActionKind kind) ? kind : throw Wrong("WORKLOAD", "what a guest can do", name)));

    private static FormatException Wrong(string name, string expected, string text) => new($"{Prefix}{name} is {expected}, not '{text}'.");
}
