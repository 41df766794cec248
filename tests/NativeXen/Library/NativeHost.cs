using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Simulation;

namespace XenVmEvent.NativeXen;

/// <summary>The one simulated host of the process, with its one guest, which all exported functions work on.</summary>
internal static unsafe class NativeHost
{
    private const int BadSettings = 98;
    private const int HostDown = 99;
    private const int StandardError = 2;
    private const int SlottedInterface = 4;

    private static readonly HostSettings Settings = ReadSettings();
    private static readonly SimulatedHypervisor Hypervisor = new(Settings.Host);
    private static readonly EventTimes Times = new();
    private static readonly ConcurrentDictionary<uint, SimulatedMonitor> EnabledMonitors = new();

    private static int _notifications;

    static NativeHost()
    {
        _ = Libc.__cxa_atexit(&AtExit, 0, 0);
        if (Settings.TimesFile is not null) Guest.RanOn = (_, held) => Times.Add(held);
        Guest.Finished.ContinueWith(static _ => EndGuest());
        if (Settings.OtherListener is { } channel) LeaveListener(channel);
        if (Settings.InterruptsWhenFinished) Guest.Finished.ContinueWith(static _ => Interrupt(), TaskContinuationOptions.ExecuteSynchronously);
    }

    /// <summary>The guest.</summary>
    public static SimulatedDomain Guest { get; } = Hypervisor.Domains[0];

    /// <summary>The guest, and the domains as which it was rebooted, by id.</summary>
    public static IEnumerable<SimulatedDomain> AllGuests => Hypervisor.Domains;

    /// <summary>Of these, those that were not destroyed.</summary>
    public static IEnumerable<SimulatedDomain> Guests => AllGuests.Where(d => d.IsAlive);

    /// <summary>The monitors that listeners hold.</summary>
    public static IEnumerable<SimulatedMonitor> Monitors => EnabledMonitors.Values;

    /// <summary>Raised when a domain was made, shut down or destroyed.</summary>
    public static event Action DomainsChanged
    {
        add => Hypervisor.DomainsChanged += value;
        remove => Hypervisor.DomainsChanged -= value;
    }

    /// <inheritdoc cref="HostSettings.PausesFile"/>
    public static string? PausesFile => Settings.PausesFile;

    /// <inheritdoc cref="HostSettings.DeathFile"/>
    public static string? DeathFile => Settings.DeathFile;

    /// <summary>Whether xenstore knows of one vCPU too few, and of a domain of the guest's name that is gone.</summary>
    public static bool IsStoreBehind => Settings.IsStoreBehind;

    /// <summary>The vm_event interface version that the host tells.</summary>
    public static int InterfaceVersion => Settings.ToldInterfaceVersion;

    /// <summary>The release of Xen that speaks this interface version, as <c>XENVER_version</c> tells it.</summary>
    public static int XenVersion => 4 << 16 | InterfaceVersion switch
    {
        <= 1 => 7,
        2 => 10,
        3 => 11,
        4 => 12,
        5 => 13,
        6 => 14,
        7 => 17,
        _ => 30,
    };

    /// <summary>Whether this is the Xen with the slotted channel.</summary>
    public static bool HasSlots => Settings.Host.OffersSlottedChannel && InterfaceVersion == SlottedInterface;

    /// <summary>Whether the guest has all the memory that it may have.</summary>
    public static bool IsGuestFull => Settings.IsGuestFull;

    /// <summary>The guest with an id, for a call that has an effect on it.</summary>
    /// <exception cref="XenException">There is none: ESRCH; or it is the caller's own: EINVAL.</exception>
    public static SimulatedDomain Find(uint id, string call)
    {
        if (id == 0) throw Refusal.Invalid(call, "A domain cannot do this to itself");
        return Guests.FirstOrDefault(guest => guest.Identity.Id == id) ?? throw Refusal.NoSuchDomain(new XenDomain(id, "?", Guid.Empty, DomainType.Unknown, 1), call);
    }

    /// <summary>The monitor of the guest with an id.</summary>
    /// <exception cref="XenException">Nobody listens: ENODEV.</exception>
    public static SimulatedMonitor MonitorOf(uint id, string call)
    {
        SimulatedDomain guest = Find(id, call);
        return FindMonitor(id) ?? throw Refusal.NoListener(guest.Identity, call);
    }

    /// <summary>The monitor of the guest with an id, as the listener holds it; null while nobody listens.</summary>
    public static SimulatedMonitor? FindMonitor(uint id) => EnabledMonitors.GetValueOrDefault(id);

    /// <summary>Enables a guest's monitor for a listener.</summary>
    public static SimulatedMonitor Enable(SimulatedDomain guest, Func<SimulatedMonitor> enable) => EnabledMonitors[guest.Identity.Id] = enable();

    /// <summary>Disables the monitor, whoever enabled it.</summary>
    public static void Disable(uint id)
    {
        Find(id, "xc_monitor_disable").MonitorDisable();
        if (EnabledMonitors.TryRemove(id, out SimulatedMonitor? monitor)) ((SimulatedPorts)monitor.Ports).Close();
    }

    /// <summary>
    /// Lets each guest run once the listener has set up its watch: once an event is switched on or, for page access, all
    /// pages are restricted. So every run raises the same events.
    /// </summary>
    public static void StartWhenWatched()
    {
        foreach (SimulatedDomain guest in Guests)
        {
            if (WatchedState.IsWatched(guest)) guest.Start();
        }
    }

    /// <summary>Called when the listener has notified Xen.</summary>
    public static void CountNotification()
    {
        if (Interlocked.Increment(ref _notifications) == Settings.InterruptsAtNotification) Interrupt();
    }

    /// <summary>Runs a call that has no result but success.</summary>
    /// <returns>0; or -1, with errno.</returns>
    public static int Try(Action call)
    {
        try
        {
            call();
            StartWhenWatched();
            return 0;
        }
        catch (XenException e)
        {
            return Fail(e);
        }
    }

    /// <summary>
    /// Sets errno to the reason of a failed call. If the host goes down, the process ends with it, as on a real host.
    /// </summary>
    /// <returns>-1.</returns>
    public static int Fail(XenException e)
    {
        if (e.Id == XenErrorId.HostCrashed) Die(e.Message, HostDown);
        return Fail(e.Errno ?? Errno.EIO);
    }

    /// <inheritdoc cref="Fail(XenException)"/>
    public static int Fail(Errno errno)
    {
        Marshal.SetLastSystemError((int)errno);
        return -1;
    }

    /// <summary>Access permissions, each a byte, as calls for many pages take them.</summary>
    public static MemAccess[] Permissions(byte* access, uint count)
    {
        var permissions = new MemAccess[count];
        for (uint i = 0; i < count; i++) permissions[i] = (MemAccess)access[i];
        return permissions;
    }

    /// <summary>Where memory is mapped.</summary>
    public static nint AddressOf(SharedMemory memory) =>
        (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(memory.Slice(0, memory.Length)));

    /// <summary>
    /// Another listener, which watches CPUID and does not answer. It may be alive, or may have left this behind.
    /// </summary>
    private static void LeaveListener(ChannelKind channel)
    {
        Enable(Guest, () => channel == ChannelKind.Ring ? Guest.Channel.Enable() : Guest.Channel.EnableEx(ringFrames: 1, Guest.VCpus.Count)).MonitorCpuid(true);
        Guest.Start();
    }

    private static void EndGuest()
    {
        switch (Settings.End)
        {
            case DomainState.Running: return;
            case DomainState.Rebooted: Hypervisor.Reboot(Guest.Name); return;
            case DomainState.Destroyed: Guest.Destroy(); return;
            default: Guest.ShutDown(Settings.End); return;
        }
    }

    private static void Interrupt() => _ = Libc.kill(Environment.ProcessId, Libc.Interrupt);

    private static HostSettings ReadSettings()
    {
        try
        {
            HostSettings settings = HostSettings.Read();
            settings.Host.Domains[0].Validate();
            return settings;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException)
        {
            Die(e.Message, BadSettings);
            throw;
        }
    }

    private static void Die(string why, int status)
    {
        byte[] message = Encoding.UTF8.GetBytes($"simulated Xen: {why}\n");
        fixed (byte* bytes = message) _ = Libc.write(StandardError, bytes, (nuint)message.Length);
        Libc._exit(status);
    }

    /// <summary>A guard has a simulated host of its own, which is not the one that the program has left behind.</summary>
    private static bool IsGuard() => File.ReadAllText("/proc/self/cmdline").Split('\0').Contains("guard");

    [UnmanagedCallersOnly]
    private static void AtExit(nint argument)
    {
        if (Settings.TimesFile is { } times) Times.Write(times);
        if (Settings.StateFile is not { } file || IsGuard()) return;
        StateRecord.WaitUntilGuestRests(Guest);
        StateRecord.Write(file, Guest);
    }
}
