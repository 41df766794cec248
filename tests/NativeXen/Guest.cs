namespace XenVmEvent.NativeXen.Tests;

/// <summary>The guest and its host for which a listener runs. README.md explains the variables.</summary>
internal sealed record Guest
{
    public const string AtTheEnd = "end";

    public int VCpus { get; init; } = 1;

    public int Pages { get; init; } = 4096;

    /// <summary>Pages that get memory only when they are touched.</summary>
    public string? OnDemand { get; init; }

    /// <summary>Pages that are the memory of a device.</summary>
    public string? DeviceMemory { get; init; }

    public int Rounds { get; init; } = 50;

    public int Seed { get; init; } = 1;

    public string? Workload { get; init; }

    public int InterfaceVersion { get; init; } = 7;

    public bool HasSlots { get; init; } = true;

    public bool HasExtendedPageTables { get; init; } = true;

    /// <summary>The channel of another listener, <c>ring</c> or <c>slotted</c>; null: there is none.</summary>
    public string? OtherListener { get; init; }

    /// <summary>Whether it has all the memory that it may have.</summary>
    public bool IsFull { get; init; }

    /// <summary>
    /// When the listener gets SIGINT: <see cref="AtTheEnd"/> of the guest's rounds, or at so many notifications.
    /// </summary>
    public string Interrupt { get; init; } = AtTheEnd;

    /// <summary>How it ends when it has done its rounds; null: it does not.</summary>
    public string? End { get; init; }

    public uint Id { get; init; } = 1;

    /// <summary>Whether xenstore has one vCPU too few, and a dead domain 1 with the guest's name.</summary>
    public bool IsStoreBehind { get; init; }

    /// <summary>The directory of the libraries.</summary>
    public string Libraries { get; init; } = NativeXen.Libraries;

    /// <summary>The environment that makes this guest.</summary>
    public IEnumerable<(string Name, string? Value)> Environment(string stateFile) =>
    [
        ("LD_LIBRARY_PATH", Libraries),
        ("SIMULATED_XEN_DOMAIN", $"{Id}"),
        ("SIMULATED_XEN_STORE_BEHIND", IsStoreBehind ? "yes" : "no"),
        ("SIMULATED_XEN_VCPUS", $"{VCpus}"),
        ("SIMULATED_XEN_PAGES", $"{Pages}"),
        ("SIMULATED_XEN_ON_DEMAND", OnDemand),
        ("SIMULATED_XEN_DEVICE", DeviceMemory),
        ("SIMULATED_XEN_ROUNDS", $"{Rounds}"),
        ("SIMULATED_XEN_SEED", $"{Seed}"),
        ("SIMULATED_XEN_WORKLOAD", Workload),
        ("SIMULATED_XEN_INTERFACE", $"{InterfaceVersion}"),
        ("SIMULATED_XEN_SLOTTED", HasSlots ? "yes" : "no"),
        ("SIMULATED_XEN_EPT", HasExtendedPageTables ? "yes" : "no"),
        ("SIMULATED_XEN_LISTENER", OtherListener),
        ("SIMULATED_XEN_FULL", IsFull ? "yes" : "no"),
        ("SIMULATED_XEN_INTERRUPT", Interrupt),
        ("SIMULATED_XEN_END", End),
        ("SIMULATED_XEN_STATE", stateFile),
    ];
}
