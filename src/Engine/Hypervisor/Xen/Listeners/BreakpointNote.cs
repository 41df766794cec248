using System.Globalization;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>A note of a breakpoint, as a file (<see cref="HoldNote"/>).</summary>
internal sealed class BreakpointNote : IBreakpointNote
{
    private const string Kind = "breakpoint";

    private readonly HoldNote _note;

    private BreakpointNote(HoldNote note, BreakpointPlace place) => (_note, Place) = (note, place);

    public BreakpointPlace Place { get; }

    public bool IsAbandoned => _note.IsAbandoned;

    /// <exception cref="XenException">The file cannot be written.</exception>
    public static BreakpointNote Write(XenDomain domain, BreakpointPlace place)
    {
        HoldNote note = HoldNote.Write([.. Words(domain), Hex(place.Address), Hex(place.Physical), Hex(place.Tables), Hex(place.Original)]);
        return note.IsWritten ? new BreakpointNote(note, place) : throw new XenException(
            XenErrorId.NotPermitted,
            $"No breakpoint of {domain} can be noted in {HoldNote.Folder}, so it would stay in the guest if this process were killed.",
            $"Run this as root, and see that files can be made in {HoldNote.Folder}.");
    }

    /// <summary>The breakpoints in a domain that processes have noted.</summary>
    public static IReadOnlyList<BreakpointNote> Find(XenDomain domain)
    {
        List<BreakpointNote> found = [];
        string[] words = Words(domain);
        foreach (HoldNote note in HoldNote.Find(words))
        {
            ulong[] numbers = [.. note.Words.Skip(words.Length).Select(Parse).OfType<ulong>()];
            if (numbers is [ulong address, ulong physical, ulong tables, <= byte.MaxValue and ulong original])
                found.Add(new BreakpointNote(note, new BreakpointPlace(address, physical, tables, (byte)original)));
        }

        return found;
    }

    public void Remove() => _note.Remove();

    private static string[] Words(XenDomain domain) => [Kind, domain.Id.ToString(CultureInfo.InvariantCulture), domain.Uuid.ToString("N")];

    private static string Hex(ulong number) => number.ToString("x", CultureInfo.InvariantCulture);

    private static ulong? Parse(string word) => ulong.TryParse(word, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong number) ? number : null;
}
