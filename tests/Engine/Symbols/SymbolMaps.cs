using XenVmEvent.Symbols;

namespace XenVmEvent.Tests.Symbols;

/// <summary>Symbol maps as kernels come with them.</summary>
internal static class SymbolMaps
{
    /// <summary>The map of a file with this text.</summary>
    public static SymbolMap Of(string text)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            return SymbolMap.Read(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
