using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Monitoring;

/// <summary>Where the memory of some parts of a guest's kernel is.</summary>
internal sealed class LocatedParts
{
    /// <summary>How many pages to look up between events.</summary>
    private const int PagesPerStep = 64;

    /// <summary>By guest physical addresses, in order, without overlaps.</summary>
    private readonly List<AddressRange> _bytes = [];

    /// <summary>The pages.</summary>
    public IReadOnlyList<GfnRange> Pages => [.. _bytes.Select(bytes => new GfnRange(bytes.First / SharedMemory.PageSize, bytes.Last / SharedMemory.PageSize))];

    /// <summary>Whether a guest physical address belongs to one of the parts.</summary>
    public bool Contains(ulong physical)
    {
        int low = 0;
        int high = _bytes.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            AddressRange bytes = _bytes[middle];
            if (physical < bytes.First) high = middle - 1;
            else if (physical > bytes.Last) low = middle + 1;
            else return true;
        }

        return false;
    }

    /// <summary>Finds the memory of parts, a number of pages at a time.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidRange"/>: the kernel has no memory at an address, or the parts are too large.
    /// <see cref="XenErrorId.WrongSymbols"/>: see <see cref="GuestKernel.PlaceOf"/>.
    /// </exception>
    public IEnumerable<int> Find(KernelParts parts, GuestKernel kernel, string domain)
    {
        List<AddressRange> found = [];
        int pages = 0;
        foreach (KernelPart part in parts.Parts)
        {
            AddressRange range = kernel.PlaceOf(part.Range, part.Symbol, parts.Kernel);
            for (ulong first = range.First; ;)
            {
                ulong last = Math.Min(range.Last, first | (SharedMemory.PageSize - 1));
                if (++pages > KernelParts.MostPages) throw Wrong("They have more than 1 GiB.");
                if (!kernel.TryTranslate(first, out ulong physical)) throw Wrong($"Its kernel has no memory at {(part.Symbol is { } symbol ? $"{symbol}, 0x{first:x}" : $"0x{first:x}")}.");
                found.Add(new AddressRange(physical, physical + (last - first)));
                if (pages % PagesPerStep == 0) yield return pages;
                if (last == range.Last) break;
                first = last + 1;
            }
        }

        foreach (AddressRange one in found.OrderBy(one => one.First))
        {
            if (_bytes.Count > 0 && one.First <= _bytes[^1].Last + 1) _bytes[^1] = new AddressRange(_bytes[^1].First, Math.Max(_bytes[^1].Last, one.Last));
            else _bytes.Add(one);
        }

        XenException Wrong(string why) => new(
            XenErrorId.InvalidRange, $"The ranges of {domain} cannot be watched. {why}", "Name ranges of exactly the kernel that the guest runs.");
    }
}
