using System.Globalization;
using System.Text.Json;

namespace XenVmEvent.Bench;

/// <summary>All that was measured.</summary>
internal sealed class Results
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly List<Measurement> _measurements = [];

    public void Add(string name, double value, string unit) => _measurements.Add(new Measurement(name, value, unit));

    /// <summary>The measurement with this name; null if there is none.</summary>
    public double? Find(string name) => _measurements.Find(m => m.Name == name)?.Value;

    public void Print(TextWriter output)
    {
        output.WriteLine("| Measured | Value | Unit |");
        output.WriteLine("| --- | ---: | --- |");
        foreach (Measurement one in _measurements) output.WriteLine($"| {one.Name} | {Round(one.Value)} | {one.Unit} |");
    }

    public void Write(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, JsonSerializer.Serialize(_measurements, Format) + "\n");
    }

    /// <summary>The number with three digits, or with all digits before the point.</summary>
    public static string Round(double value)
    {
        int decimals = Math.Abs(value) switch { >= 100 => 0, >= 10 => 1, _ => 2 };
        return value.ToString($"N{decimals}", CultureInfo.InvariantCulture);
    }
}
