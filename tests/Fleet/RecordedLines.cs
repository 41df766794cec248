using System.Globalization;
using System.IO.Compression;
using System.Text;
using XenVmEvent.Agent;

namespace XenVmEvent.Fleet;

/// <summary>Events of a real Linux, again and again, each with a number.</summary>
internal static class RecordedLines
{
    private static readonly string[] Lines = Read();

    public static OutgoingEvent[] Of(long first, int count) => [.. Enumerable.Range(0, count).Select(i => Of(first + i))];

    private static OutgoingEvent Of(long number) =>
        new(null, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Lines[number % Lines.Length]},\"number\":{number}}}")));

    private static string[] Read()
    {
        using StreamReader recording = new(new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "linux-boot.jsonl.gz")), CompressionMode.Decompress));
        List<string> lines = [];
        while (recording.ReadLine() is { } line)
        {
            if (line.StartsWith("{\"time\":", StringComparison.Ordinal)) lines.Add(line[..^1]);
        }

        return [.. lines];
    }
}
