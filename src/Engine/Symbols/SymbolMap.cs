using System.Globalization;
using XenVmEvent.Events;

namespace XenVmEvent.Symbols;

/// <summary>
/// The symbols of a guest's code: a Linux kernel's System.map, or the contents of its /proc/kallsyms, modules included.
/// A kernel that randomises its addresses is not where its System.map says; its kallsyms has the true addresses.
/// </summary>
public sealed class SymbolMap
{
    private const string CodeTypes = "tTwWiV";

    /// <summary>How far the last symbol reaches at most: a map has no sizes, and anything may follow it.</summary>
    private const ulong LastBytes = 4096;

    private readonly ulong[] _addresses;
    private readonly string?[] _names;

    private readonly Dictionary<string, ulong> _all;

    private SymbolMap(ulong[] addresses, string?[] names, Dictionary<string, ulong> all)
    {
        _addresses = addresses;
        _names = names;
        _all = all;
    }

    /// <summary>How many symbols it has, including those that are not code.</summary>
    public int Count => _addresses.Length;

    /// <summary>
    /// Reads lines of a hexadecimal address, a type and a name, as nm prints them. Lines without an address, for
    /// undefined symbols, and the assembler's own labels are skipped.
    /// </summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access to the file is denied.</exception>
    /// <exception cref="FormatException">
    /// A line has another form, or the file names no code with an address.
    /// </exception>
    public static SymbolMap Read(string file)
    {
        SortedDictionary<ulong, string?> symbols = [];
        Dictionary<string, ulong> all = [];
        int number = 0;
        foreach (string line in File.ReadLines(file))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            string[] parts = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 2 && parts[0].Length == 1 && char.IsAsciiLetter(parts[0][0])) continue; // nm's "U printk"
            if (parts.Length < 3 || parts[1].Length != 1 || !ulong.TryParse(parts[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong address))
                throw new FormatException($"Line {number} is not 'address type name': '{line}'.");

            if (IsLabel(parts[2])) continue;

            all.TryAdd(parts[2], address);

            // If an address has several names, the first that is code counts; a symbol that is not code still ends the
            // code before it.
            string? name = CodeTypes.Contains(parts[1][0], StringComparison.Ordinal) ? NameOf(parts) : null;
            if (!symbols.TryGetValue(address, out string? known) || known is null) symbols[address] = name;
        }

        // Without permission to see them, kallsyms shows zeros.
        if (!symbols.Keys.Any(address => address != 0))
            throw new FormatException("It has no symbol with an address. Only root sees addresses in /proc/kallsyms, and only if kernel.kptr_restrict is 0 or 1.");
        if (symbols.Values.All(name => name is null))
        {
            throw new FormatException(
                "It names no code. Debian's /boot/System.map-<release> is such a stub: the real one is /usr/lib/debug/boot/System.map-<release>, from the package linux-image-<release>-dbg.");
        }

        return new SymbolMap([.. symbols.Keys], [.. symbols.Values], all);
    }

    /// <summary>The code at an address, as in <c>do_syscall_64+0x38</c>.</summary>
    /// <returns>Null if no code is known there.</returns>
    public string? Find(ulong address)
    {
        int index = Array.BinarySearch(_addresses, address);
        if (index < 0) index = ~index - 1;

        if (index < 0 || _names[index] is not { } name) return null;
        if (address > LastOf(index)) return null;
        ulong offset = address - _addresses[index];
        return offset == 0 ? name : $"{name}+0x{offset:x}";
    }

    /// <summary>The address of the code or data with exactly this name; null if there is none.</summary>
    public ulong? AddressOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _all.TryGetValue(name, out ulong address) ? address : null;
    }

    /// <summary>The addresses of the code or data with exactly this name, up to the next symbol; null if there is none.</summary>
    public AddressRange? RangeOf(string name) =>
        AddressOf(name) is { } address ? new AddressRange(address, LastOf(Array.BinarySearch(_addresses, address))) : null;

    /// <summary>The addresses of a symbol's code, up to the next symbol.</summary>
    /// <param name="symbol">The name, or a pattern.</param>
    /// <param name="matches">
    /// Whether the pattern matches a name; a module's name is also passed as in <c>ext4_read [ext4]</c>.
    /// </param>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidArgument"/>: no code has such a name.</exception>
    public IReadOnlyList<AddressRange> RangesOf(string symbol, Predicate<string> matches)
    {
        ArgumentNullException.ThrowIfNull(symbol);
        ArgumentNullException.ThrowIfNull(matches);
        List<AddressRange> ranges = [];
        for (int i = 0; i < _names.Length; i++)
        {
            if (_names[i] is { } name && (IsMeant(name) || IsMeant(name.Split(' ')[0]))) ranges.Add(new AddressRange(_addresses[i], LastOf(i)));
        }

        return ranges.Count > 0 ? ranges : throw new XenException(
            XenErrorId.InvalidArgument, $"'{symbol}' names no code in the symbol map.", "Look up its name in the file, or give another map.");

        // A name may contain a pattern's characters.
        bool IsMeant(string name) => name == symbol || matches(name);
    }

    /// <summary>The last address of a symbol.</summary>
    private ulong LastOf(int index)
    {
        ulong address = _addresses[index];
        if (index < _addresses.Length - 1) return _addresses[index + 1] - 1;
        return address > ulong.MaxValue - (LastBytes - 1) ? ulong.MaxValue : address + (LastBytes - 1);
    }

    /// <summary>
    /// The markers of code and data in an arm64 object ($x, $d, $x.1), and local labels: not names of functions.
    /// </summary>
    private static bool IsLabel(string name) =>
        name.StartsWith(".L", StringComparison.Ordinal)
        || (name.Length >= 2 && name[0] == '$' && (name[1] is 'a' or 'd' or 't' or 'x') && (name.Length == 2 || name[2] == '.'));

    private static string NameOf(string[] parts) => parts.Length > 3 ? $"{parts[2]} {parts[3]}" : parts[2];
}
