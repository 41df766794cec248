using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Symbols;

namespace XenVmEvent.PS;

/// <summary>The values of -SymbolMap and -Symbol.</summary>
internal static class SymbolFile
{
    /// <summary>Reads the file of a guest's symbols; a file that cannot be read ends the cmdlet.</summary>
    public static SymbolMap Read(PSCmdlet cmdlet, string path)
    {
        try
        {
            return SymbolMap.Read(cmdlet.GetUnresolvedProviderPathFromPSPath(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            cmdlet.ThrowTerminatingError(new ErrorRecord(e, "SymbolMapNotRead", ErrorCategory.ReadError, path)
            {
                ErrorDetails = new ErrorDetails($"The symbols in {path} cannot be read. {e.Message}")
                {
                    RecommendedAction = "Name the guest's System.map, or a copy of its /proc/kallsyms.",
                },
            });
            throw;
        }
    }

    /// <summary>The addresses, out of these, of the code of these symbols, whose names may contain wildcards.</summary>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.InvalidArgument"/>: a name has no code, or there is no map.
    /// </exception>
    public static IReadOnlyList<AddressRange> Select(IReadOnlyList<AddressRange> addresses, SymbolMap? map, IEnumerable<string> symbols) =>
        AddressRange.Intersect(addresses, [.. symbols.SelectMany(symbol => RangesOf(map, symbol))]);

    private static IReadOnlyList<AddressRange> RangesOf(SymbolMap? map, string symbol)
    {
        if (map is null)
        {
            throw new XenException(
                XenErrorId.InvalidArgument, $"The address of '{symbol}' is unknown.", "Name the guest's System.map, or a copy of its /proc/kallsyms, with -SymbolMap.");
        }

        return map.RangesOf(symbol, NamePattern.Matching(symbol));
    }
}
