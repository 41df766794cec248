using System.Buffers;
using System.Text.Json;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;

namespace XenVmEvent.Agent;

/// <summary>An agent's status as one JSON object, on one line, and back.</summary>
internal sealed class StatusJson : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _json;

    private StatusJson() => _json = new Utf8JsonWriter(_buffer);

    /// <summary>The bytes, in UTF-8, with the end of the line.</summary>
    public static ReadOnlyMemory<byte> Of(AgentStatus status)
    {
        using StatusJson json = new();
        json.Write(status);
        json._json.Flush();
        json._buffer.Write("\n"u8);
        return json._buffer.WrittenMemory;
    }

    /// <summary>Reads it back. What a later agent says besides is ignored.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="KeyNotFoundException">Something is missing.</exception>
    /// <exception cref="InvalidOperationException">Something is of another type.</exception>
    /// <exception cref="FormatException">A number, a time or an id is none.</exception>
    /// <exception cref="ArgumentException">A mode or a channel is none that is known here.</exception>
    public static AgentStatus Read(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement status = document.RootElement;
        return new AgentStatus
        {
            Version = Text(status, "version"),
            Host = Text(status, "host"),
            ProcessId = status.GetProperty("processId").GetInt32(),
            Started = status.GetProperty("started").GetDateTimeOffset(),
            Configured = status.GetProperty("configured").GetDateTimeOffset(),
            IsReloadRefused = status.GetProperty("isReloadRefused").GetBoolean(),
            GuardRestarts = status.GetProperty("guardRestarts").GetInt64(),
            PolicyHash = status.TryGetProperty("policyHash", out JsonElement hash) ? hash.GetString() : null,
            Policies = All(status, "policies", ReadPolicy),
            Guests = All(status, "guests", ReadGuest),
            Outputs = All(status, "outputs", ReadOutput),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    private static PolicyInfo ReadPolicy(JsonElement policy) => new()
    {
        Name = Text(policy, "name"),
        Path = Text(policy, "path"),
        Sha256 = Text(policy, "sha256"),
        Mode = Enum.Parse<PolicyMode>(Text(policy, "mode")),
        Domains = All(policy, "domains", one => one.GetString() ?? ""),
    };

    private static GuestStatus ReadGuest(JsonElement guest) => new()
    {
        Domain = Text(guest, "domain"),
        DomainId = guest.GetProperty("domainId").GetUInt32(),
        Uuid = guest.GetProperty("uuid").GetGuid(),
        Channel = Enum.Parse<ChannelKind>(Text(guest, "channel")),
        Since = guest.GetProperty("since").GetDateTimeOffset(),
        Events = guest.GetProperty("events").GetInt64(),
        HeldNow = guest.GetProperty("heldNow").GetInt32(),
        Lost = guest.GetProperty("lost").GetInt64(),
        Policies = All(guest, "policies", one => one.GetString() ?? ""),
    };

    private static OutputStatus ReadOutput(JsonElement output) => new()
    {
        Name = Text(output, "name"),
        Place = Text(output, "place"),
        Published = output.GetProperty("published").GetInt64(),
        Lost = output.GetProperty("lost").GetInt64(),
        Waiting = output.GetProperty("waiting").GetInt64(),
        Lag = TimeSpan.FromSeconds(output.GetProperty("lagSeconds").GetDouble()),
        SpoolBytes = output.GetProperty("spoolBytes").GetInt64(),
        Problem = output.GetProperty("problem").GetString(),
    };

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString() ?? "";

    private static TextList<T> All<T>(JsonElement of, string name, Func<JsonElement, T> read) => new(of.GetProperty(name).EnumerateArray().Select(read));

    private void Write(AgentStatus status)
    {
        _json.WriteStartObject();
        _json.WriteString("version", status.Version);
        _json.WriteString("host", status.Host);
        _json.WriteNumber("processId", status.ProcessId);
        _json.WriteString("started", status.Started);
        _json.WriteString("configured", status.Configured);
        _json.WriteBoolean("isReloadRefused", status.IsReloadRefused);
        _json.WriteNumber("guardRestarts", status.GuardRestarts);
        _json.WriteString("policyHash", status.PolicyHash);
        WriteAll("policies", status.Policies, Write);
        WriteAll("guests", status.Guests, Write);
        WriteAll("outputs", status.Outputs, Write);
        _json.WriteEndObject();
    }

    private void Write(PolicyInfo policy)
    {
        _json.WriteString("name", policy.Name);
        _json.WriteString("mode", policy.Mode.ToString());
        WriteTexts("domains", policy.Domains);
        _json.WriteString("path", policy.Path);
        _json.WriteString("sha256", policy.Sha256);
    }

    private void Write(GuestStatus guest)
    {
        _json.WriteString("domain", guest.Domain);
        _json.WriteNumber("domainId", guest.DomainId);
        _json.WriteString("uuid", guest.Uuid);
        _json.WriteString("channel", guest.Channel.ToString());
        _json.WriteString("since", guest.Since);
        _json.WriteNumber("events", guest.Events);
        _json.WriteNumber("heldNow", guest.HeldNow);
        _json.WriteNumber("lost", guest.Lost);
        WriteTexts("policies", guest.Policies);
    }

    private void Write(OutputStatus output)
    {
        _json.WriteString("name", output.Name);
        _json.WriteString("place", output.Place);
        _json.WriteNumber("published", output.Published);
        _json.WriteNumber("lost", output.Lost);
        _json.WriteNumber("waiting", output.Waiting);
        _json.WriteNumber("lagSeconds", output.Lag.TotalSeconds);
        _json.WriteNumber("spoolBytes", output.SpoolBytes);
        _json.WriteString("problem", output.Problem);
    }

    private void WriteAll<T>(string name, IReadOnlyList<T> all, Action<T> write)
    {
        _json.WriteStartArray(name);
        foreach (T one in all)
        {
            _json.WriteStartObject();
            write(one);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteTexts(string name, IReadOnlyList<string> texts)
    {
        _json.WriteStartArray(name);
        foreach (string text in texts) _json.WriteStringValue(text);
        _json.WriteEndArray();
    }
}
