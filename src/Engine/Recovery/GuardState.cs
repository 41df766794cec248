using System.Globalization;
using XenVmEvent.Abi;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.Recovery;

/// <summary>
/// What a listener has changed in its domain, as far as its guard must know; each change is a line of text.
/// </summary>
internal sealed class GuardState
{
    private readonly HashSet<string> _switches = [];
    private readonly HashSet<ushort> _views = [];

    /// <summary>The line that says that there is no listener: somebody is resetting the domain.</summary>
    public const string Resetting = "resetting";

    /// <summary>The line that says that the monitor is disabled; vCPUs may still be paused.</summary>
    public const string Disabled = "disabled";

    /// <summary>
    /// The line that says that the monitor may be enabled from now on, with a ring that is not initialised yet.
    /// </summary>
    public const string Enabling = "enabling";

    /// <summary>Whether the domain is being reset.</summary>
    public bool IsResetting { get; private set; }

    /// <summary>Whether the listener has, has had or is about to have the monitor.</summary>
    public bool IsEnabled { get; private set; }

    /// <summary>
    /// Whether the channel is the ring that the guard has mapped too, with all requests that have no answer yet.
    /// </summary>
    public bool IsRing { get; private set; }

    /// <summary>The pages whose access was changed, from the first to the last; null if none.</summary>
    public GfnRange? Pages { get; private set; }

    /// <summary>The access of new pages before.</summary>
    public MemAccess DefaultAccess { get; private set; } = MemAccess.Rwx;

    /// <summary>Whether page accesses without a listener crash the domain.</summary>
    public bool IsListenerRequired { get; private set; }

    /// <summary>Whether accesses by page table walks raise no events.</summary>
    public bool IgnoresPageWalks { get; private set; }

    /// <summary>Whether the domain had no views before.</summary>
    public bool HasActivatedViews { get; private set; }

    /// <summary>The views that were made.</summary>
    public IReadOnlyCollection<ushort> Views => _views;

    /// <summary>The lines that tell another guard all of it.</summary>
    public IEnumerable<string> Lines
    {
        get
        {
            if (IsResetting) yield return Resetting;
            if (IsEnabled) yield return Enabled(IsRing);
            if (IsListenerRequired) yield return Required(true);
            if (IgnoresPageWalks) yield return PageWalks(watched: false);
            if (Pages is { } pages) yield return Restricted(pages, DefaultAccess);
            if (HasActivatedViews) yield return ViewsActive(true);
            foreach (ushort view in _views) yield return View(view, exists: true);
            foreach (string one in _switches) yield return $"on {one}";
        }
    }

    public static string Enabled(bool isRing) => $"enabled {(isRing ? "ring" : "slotted")}";

    public static string Required(bool required) => $"required {required}";

    public static string PageWalks(bool watched) => $"walks {watched}";

    public static string ViewsActive(bool active) => $"views {active}";

    public static string View(ushort view, bool exists) =>
        string.Create(CultureInfo.InvariantCulture, $"view {view} {exists}");

    public static string Restricted(GfnRange pages, MemAccess defaultAccess) =>
        string.Create(CultureInfo.InvariantCulture, $"pages {pages.First} {pages.Last} {defaultAccess}");

    /// <param name="name">The kind of event.</param>
    /// <param name="detail">The register.</param>
    /// <param name="on">On or off.</param>
    public static string Switched(VmEventKind name, uint detail, bool on) =>
        string.Create(CultureInfo.InvariantCulture, $"{(on ? "on" : "off")} {name} {detail}");

    /// <summary>Reads a line.</summary>
    public void Apply(string line)
    {
        string[] words = line.Split(' ');
        switch (words[0])
        {
            case Resetting: IsResetting = true; break;
            case Enabling or Disabled: (IsEnabled, IsRing) = (true, false); break;
            case "enabled":
                IsEnabled = true;
                IsRing = words[1] == "ring";
                break;
            case "required": IsListenerRequired = bool.Parse(words[1]); break;
            case "walks": IgnoresPageWalks = !bool.Parse(words[1]); break;
            case "views": HasActivatedViews = bool.Parse(words[1]); break;
            case "view" when bool.Parse(words[2]): _views.Add(ViewOf(words)); break;
            case "view": _views.Remove(ViewOf(words)); break;
            case "pages":
                Pages = new GfnRange(ulong.Parse(words[1], CultureInfo.InvariantCulture), ulong.Parse(words[2], CultureInfo.InvariantCulture));
                DefaultAccess = Enum.Parse<MemAccess>(words[3]);
                break;
            case "on": _switches.Add($"{words[1]} {words[2]}"); break;
            case "off": _switches.Remove($"{words[1]} {words[2]}"); break;
        }
    }

    /// <summary>The events that are switched on, each with its register, if any.</summary>
    public IEnumerable<(VmEventKind Kind, uint Detail)> Switches =>
        from one in _switches
        let words = one.Split(' ')
        select (Enum.Parse<VmEventKind>(words[0]), uint.Parse(words[1], CultureInfo.InvariantCulture));

    private static ushort ViewOf(string[] words) => ushort.Parse(words[1], CultureInfo.InvariantCulture);
}
