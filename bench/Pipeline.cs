using System.Text.Json;

namespace XenVmEvent.Bench;

/// <summary>Objects a second through a PowerShell pipeline; see pipeline.ps1.</summary>
internal static class Pipeline
{
    public const string Watch = "Watch-XenVmEvent to Measure-Object";
    public const string InProcess = "a consumer that counts in the same PowerShell";

    private const string Events = "200000";
    private const string Repetitions = "5";

    public static void Measure(Results results)
    {
        string output = PowerShell.Run(
            "-File", Built.Script("pipeline.ps1"), "-Module", Built.Module, "-Events", Events, "-Repetitions", Repetitions);
        PipelineRates[] rates = JsonSerializer.Deserialize<PipelineRates[]>(output, JsonSerializerOptions.Web)!;
        results.Add(Watch, Median(rates.Select(r => r.Watch)), "objects/s");
        results.Add(InProcess, Median(rates.Select(r => r.InProcess)), "events/s");
        results.Add("bare cmdlet to Measure-Object", Median(rates.Select(r => r.Bare)), "objects/s");
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);
}
