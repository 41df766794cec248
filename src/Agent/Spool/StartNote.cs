using System.Text.Json;
using System.Text.Json.Serialization;

namespace XenVmEvent.Agent;

/// <summary>The first entry of each run of an agent.</summary>
/// <param name="Started">When it started, by the host's clock.</param>
/// <param name="Previous">The time of the last entry before, by the host's clock; null if there is none.</param>
/// <param name="Complete">
/// Whether all events before it are in the stream. If not, the agent was killed or the machine went down: events between
/// the previous entry and this one may be missing.
/// </param>
internal sealed record StartNote(DateTimeOffset Started, DateTimeOffset? Previous, bool Complete)
{
    /// <summary>Its line.</summary>
    public ReadOnlyMemory<byte> ToLine() => JsonSerializer.SerializeToUtf8Bytes(this, StartNoteJson.Default.StartNote);

    /// <returns>The note; null if the line is something else.</returns>
    public static StartNote? TryParse(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("{\"started\":"u8)) return null;
        try
        {
            return JsonSerializer.Deserialize(line, StartNoteJson.Default.StartNote);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>The JSON of the note.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StartNote))]
internal sealed partial class StartNoteJson : JsonSerializerContext;
