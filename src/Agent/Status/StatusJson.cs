using System.Buffers;
using System.Text.Json;

namespace XenVmEvent.Agent;

/// <summary>An agent's status as one JSON object, on one line.</summary>
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

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

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
        _json.WriteString("domain", guest.Domain.Name);
        _json.WriteNumber("domainId", guest.Domain.Id);
        _json.WriteString("uuid", guest.Domain.Uuid);
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
