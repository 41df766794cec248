using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using XenVmEvent.Diagnosis;

namespace XenVmEvent.Cli;

/// <summary>Writes a check as a JSON object on one line. The domain is null for the host's checks.</summary>
internal static class CheckJson
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(MonitorCheck check)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("domain"u8, check.Domain);
            json.WriteString("check"u8, check.Name);
            json.WriteString("result"u8, check.Result.ToString());
            json.WriteString("found"u8, check.Found);
            json.WriteString("remedy"u8, check.Remedy);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
