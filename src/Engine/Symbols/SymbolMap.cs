using System.Globalization;

namespace XenVmEvent.Symbols;

/// <summary>
/// The names of a guest's code: a Linux kernel's System.map, or what its /proc/kallsyms shows, modules included. A kernel
/// that randomises its addresses lies elsewhere than its System.map says; its kallsyms has the true ones.
/// </summary>
public sealed class SymbolMap
{
    private const string CodeTypes = "tTwWiV";

    private readonly ulong[] _addresses;
    private readonly string?[] _names;

    private SymbolMap(ulong[] addresses, string?[] names)
    {
        _addresses = addresses;
        _names = names;
    }

    /// <summary>How many symbols it has, those that are no code included.</summary>
    public int Count => _addresses.Length;

    /// <summary>Reads lines of an address in hex, a type and a name, as nm prints them.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="FormatException">A line is none of these, or the file has no symbol with an address.</exception>
    public static SymbolMap Read(string file)
    {
        SortedDictionary<ulong, string?> symbols = [];
        int number = 0;
        foreach (string line in File.ReadLines(file))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            string[] parts = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length < 3 || parts[1].Length != 1 || !ulong.TryParse(parts[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong address))
                throw new FormatException($"Line {number} is not 'address type name': {line}");

            // Of several names at an address the first that is code; what is no code still ends the code before it.
            string? name = CodeTypes.Contains(parts[1][0], StringComparison.Ordinal) ? NameOf(parts) : null;
            if (!symbols.TryGetValue(address, out string? known) || known is null) symbols[address] = name;
        }

        // Who may not see them gets zeros from kallsyms.
        if (!symbols.Keys.Any(address => address != 0))
            throw new FormatException("It has no symbol with an address; /proc/kallsyms shows them to root alone, with kernel.kptr_restrict at 0 or 1.");
        return new SymbolMap([.. symbols.Keys], [.. symbols.Values]);
    }

    /// <summary>The code that lies at an address, as in <c>do_syscall_64+0x38</c>.</summary>
    /// <returns>Null when no code is known there.</returns>
    public string? Find(ulong address)
    {
        int index = Array.BinarySearch(_addresses, address);
        if (index < 0) index = ~index - 1;

        // What comes behind the last symbol may be anything.
        if (index < 0 || (index == _addresses.Length - 1 && _addresses[index] != address) || _names[index] is not { } name) return null;
        ulong offset = address - _addresses[index];
        return offset == 0 ? name : $"{name}+0x{offset:x}";
    }

    private static string NameOf(string[] parts) => parts.Length > 3 ? $"{parts[2]} {parts[3]}" : parts[2];
}
