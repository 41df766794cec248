using XenVmEvent.Hypervisor;

namespace XenVmEvent.Bench;

/// <summary>
/// What each way to show events costs: the rate of the command line in each format by that of a consumer in this process
/// that only counts, with the same guest. They take turns. The median of the ratios counts.
/// </summary>
internal static class Formats
{
    public const string Text = "text";
    public const string Json = "JSON";
    public const string Recording = "recording";
    public const string Compressed = "compressed recording";

    private const int Turns = 5;

    public static IReadOnlyList<int> VCpus { get; } = [1, 4];

    public static string NameOf(string format, int vcpus) => $"xenvmevent, {format}, by the rate in process, {SideBySide.CountOf(vcpus)}";

    public static void Measure(Results results)
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        (string Format, string[] Arguments)[] formats =
        [
            (Text, []),
            (Json, ["--format", "json"]),
            (Recording, ["--output", Path.Combine(directory, "events.jsonl")]),
            (Compressed, ["--output", Path.Combine(directory, "events.jsonl.gz")]),
        ];
        foreach (int vcpus in VCpus)
        {
            List<double>[] ratios = [.. formats.Select(_ => new List<double>())];
            for (int turn = 0; turn < Turns; turn++)
            {
                double counted = Engine.MeasureCpuid(vcpus, ChannelPreference.Ring).PerSecond;
                for (int i = 0; i < formats.Length; i++)
                    ratios[i].Add(SideBySide.RunRing(vcpus, formats[i].Arguments).PerSecond / counted);
            }

            for (int i = 0; i < formats.Length; i++)
                results.Add(NameOf(formats[i].Format, vcpus), ratios[i].Order().ElementAt(Turns / 2), "");
        }

        Directory.Delete(directory, recursive: true);
    }
}
