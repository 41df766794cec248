using System.Text.Json;
using System.Text.Json.Serialization;

namespace XenVmEvent.Agent;

/// <summary>
/// What an agent says of itself among its entries: first of all in each run, and then again and again, so that a reader
/// finds one near the end of the stream.
/// </summary>
/// <param name="Started">When it started, by the host's clock.</param>
/// <param name="Previous">In the first note of a run: the time of the last entry before, by the host's clock; null if there is none.</param>
/// <param name="Complete">
/// Whether all events before it are in the stream. If not, the agent was killed or the machine went down: events between
/// the previous entry and this one may be missing.
/// </param>
internal sealed record AgentNote(DateTimeOffset Started, DateTimeOffset? Previous, bool Complete)
{
    private const int LongestVersion = 64;
    private const int HashDigits = 64;
    private static readonly TimeSpan LargestSkew = TimeSpan.FromDays(36_600);

    /// <summary>The version of the agent; null from agents that did not say it yet.</summary>
    public string? Version { get; init; }

    /// <summary>The hash of the agent's policies, see <see cref="AgentConfiguration.PolicyHash"/>; null if it is not told.</summary>
    public string? PolicyHash { get; init; }

    /// <summary>How far the host's clock was ahead of Redis' clock, in milliseconds; negative: behind; null: not known.</summary>
    public double? ClockSkew { get; init; }

    private bool IsSound =>
        (Version is null || (Version.Length is > 0 and <= LongestVersion && Version.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '+')))
        && (PolicyHash is null || (PolicyHash.Length == HashDigits && PolicyHash.All(char.IsAsciiHexDigitLower)))
        && (ClockSkew is null || double.Abs(ClockSkew.Value) <= LargestSkew.TotalMilliseconds);

    /// <summary>Its line.</summary>
    public ReadOnlyMemory<byte> ToLine() => JsonSerializer.SerializeToUtf8Bytes(this, AgentNoteJson.Default.AgentNote);

    /// <returns>The note; null if the line is something else, or says what no agent says.</returns>
    public static AgentNote? TryParse(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("{\"started\":"u8)) return null;
        try
        {
            return JsonSerializer.Deserialize(line, AgentNoteJson.Default.AgentNote) is { IsSound: true } note ? note : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>The JSON of the note.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AgentNote))]
internal sealed partial class AgentNoteJson : JsonSerializerContext;
