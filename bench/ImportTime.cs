using System.Globalization;

namespace XenVmEvent.Bench;

/// <summary>How much longer Import-Module takes for the module than for an empty module.</summary>
internal static class ImportTime
{
    public const string Module = "Import-Module XenVmEvent beyond an empty module, median";

    private const int Runs = 15;

    public static void Measure(Results results)
    {
        string empty = Path.ChangeExtension(Path.GetTempFileName(), ".psm1");
        File.WriteAllText(empty, "");
        double[] beyond = new double[Runs];
        for (int i = 0; i < Runs; i++) beyond[i] = Time(Built.Module) - Time(empty);
        File.Delete(empty);
        results.Add(Module, beyond.Order().ElementAt(Runs / 2), "ms");
    }

    /// <summary>Milliseconds in a new PowerShell, without its start.</summary>
    private static double Time(string module) => double.Parse(
        PowerShell.Run("-Command", $"(Measure-Command {{ Import-Module '{module}' }}).TotalMilliseconds.ToString([cultureinfo]::InvariantCulture)"),
        CultureInfo.InvariantCulture);
}
