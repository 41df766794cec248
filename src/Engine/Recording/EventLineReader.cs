using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using XenVmEvent.Abi;
using XenVmEvent.Events;

namespace XenVmEvent.Recording;

/// <summary>
/// Makes events from the lines that <see cref="EventLineWriter"/> wrote. An event is made from its request; the other
/// fields are for people and are ignored.
/// </summary>
/// <param name="selection">The events to make; null: all.</param>
/// <param name="lossesOf">
/// The losses of a domain's session, by its id and name; null, or null for a domain: none are known.
/// </param>
/// <param name="host">The other host that the lines come from, whatever they say; null: as they say.</param>
internal sealed class EventLineReader(EventSelection? selection = null, Func<uint, string, LossLog?>? lossesOf = null, string? host = null)
{
    /// <summary>
    /// Up to this many domains and times of day at once, then the sources are made again: a limit for files from
    /// elsewhere.
    /// </summary>
    private const int MostSources = 1024;

    /// <summary>In base64; slightly more than the largest request takes.</summary>
    private const int LongestRequest = 1024;

    /// <summary>More than possible: sums of the file's numbers must not overflow.</summary>
    private const long MostLost = 1L << 48;

    private readonly Dictionary<(uint DomainId, string Domain, string? HostName, int Version, GuestArchitecture Architecture, TimeSpan UtcOffset), RecordedSource> _sources = [];
    private readonly byte[] _text = new byte[LongestRequest];
    private readonly byte[] _request = new byte[LongestRequest];
    private string _lastDomain = "";
    private VmEventResponse _lastResponse = VmEventResponse.Continue;
    private string _lastResponseName = nameof(VmEventAction.Continue);
    private RuleMark? _lastMark;

    /// <summary>The losses that its lines recorded.</summary>
    public LossLog Losses { get; } = new(isComplete: false);

    /// <returns>The event; null for a line that marks missing events, and for an event that is not selected.</returns>
    /// <exception cref="FormatException">The line is not a recorded event; the message says why.</exception>
    public VmEvent? Read(ReadOnlySpan<byte> line)
    {
        try
        {
            return ReadObject(new Utf8JsonReader(line));
        }
        catch (JsonException e)
        {
            throw new FormatException("it is not well-formed JSON", e);
        }
        catch (Exception e) when (e is InvalidOperationException or OverflowException or ArgumentException)
        {
            throw new FormatException("one of its fields has the wrong type or is out of range", e);
        }
    }

    private VmEvent? ReadObject(Utf8JsonReader json)
    {
        Utf8JsonReader whole = json;
        DateTimeOffset? time = null;
        uint? domainId = null;
        string? domain = null;
        string? hostName = host;
        int? version = null;
        int requestSize = 0;
        GuestArchitecture? architecture = null;
        ResponseState? state = null;
        VmEventResponse? response = null;
        decimal? handling = null;
        string? symbol = null;
        string? instruction = null;
        string? policy = null;
        string? rule = null;
        string? ruleMessage = null;
        RuleSeverity severity = RuleSeverity.Info;
        Expect(json.Read() && json.TokenType == JsonTokenType.StartObject, "it is not a JSON object");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("time"u8)) time = Value(ref json).GetDateTimeOffset();
            else if (json.ValueTextEquals("domain"u8)) domain = ReadDomain(Value(ref json));
            else if (json.ValueTextEquals("domainId"u8)) domainId = Value(ref json).GetUInt32();
            else if (json.ValueTextEquals("host"u8)) hostName = Value(ref json).GetString() is { } said && host is null ? said : host;
            else if (json.ValueTextEquals("interfaceVersion"u8)) version = Value(ref json).GetInt32();
            else if (json.ValueTextEquals("architecture"u8)) architecture = Defined<GuestArchitecture>(Value(ref json));
            else if (json.ValueTextEquals("responseState"u8)) state = Defined<ResponseState>(Value(ref json));
            else if (json.ValueTextEquals("response"u8)) response = ReadResponse(Value(ref json));
            else if (json.ValueTextEquals("handlingMicroseconds"u8)) handling = Value(ref json).GetDecimal();
            else if (json.ValueTextEquals("symbol"u8)) symbol = ReadName(Value(ref json));
            else if (json.ValueTextEquals("instruction"u8)) instruction = ReadName(Value(ref json));
            else if (json.ValueTextEquals("policy"u8)) policy = ReadName(Value(ref json));
            else if (json.ValueTextEquals("rule"u8)) rule = ReadName(Value(ref json));
            else if (json.ValueTextEquals("ruleMessage"u8)) ruleMessage = ReadName(Value(ref json));
            else if (json.ValueTextEquals("severity"u8)) severity = Defined<RuleSeverity>(Value(ref json));
            else if (json.ValueTextEquals("request"u8)) requestSize = ReadRequest(Value(ref json));
            else if (json.ValueTextEquals("lost"u8)) return ReadLoss(whole);
            else json.Skip();
        }

        ExpectEnd(ref json);
        Expect(version is >= VmEventLayout.OldestVersion and <= VmEventLayout.NewestVersion, "its interfaceVersion is unknown or missing");
        VmEventLayout layout = VmEventLayout.ForVersion(version!.Value);
        Expect(requestSize == layout.Size, $"its request does not have the {layout.Size} bytes of interface version {version}");
        Expect(time is not null && domain is not null && domainId is not null && architecture is not null && state is not null, "time, domain, domainId, architecture or responseState is missing");
        Expect(response is not null || state is ResponseState.Held or ResponseState.Unanswered, "its response is missing");
        Expect(handling is null or (>= 0 and <= long.MaxValue / 100), "its handlingMicroseconds are out of range");
        RequestReader request = new(_request, layout);
        if (selection is not null && !selection.Includes(request, architecture!.Value)) return null;
        RecordedSource source = SourceOf((domainId!.Value, domain!, hostName, version.Value, architecture!.Value, time!.Value.Offset), layout);
        long timestamp = time.Value.UtcTicks;
        VmEvent vmEvent = VmEventFactory.Create(source, request, timestamp);
        vmEvent.Restore(response, state!.Value, handling is { } took ? timestamp + (long)(took * TimeSpan.TicksPerMicrosecond) : 0);
        vmEvent.Symbol = symbol;
        vmEvent.Instruction = instruction;
        if (rule is not null) vmEvent.RuleMark = MarkOf(new RuleMark(policy ?? "", rule, severity, ruleMessage));
        return vmEvent;
    }

    /// <summary>A mark of missing events.</summary>
    private VmEvent? ReadLoss(Utf8JsonReader json)
    {
        long lost = 0;
        LossReason? reason = null;
        DateTimeOffset? from = null;
        DateTimeOffset? to = null;
        string? domain = null;
        string? hostName = host;
        uint? domainId = null;
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("lost"u8)) lost = Value(ref json).GetInt64();
            else if (json.ValueTextEquals("reason"u8)) reason = Defined<LossReason>(Value(ref json));
            else if (json.ValueTextEquals("from"u8)) from = Value(ref json).GetDateTimeOffset();
            else if (json.ValueTextEquals("to"u8)) to = Value(ref json).GetDateTimeOffset();
            else if (json.ValueTextEquals("domain"u8)) domain = ReadDomain(Value(ref json));
            else if (json.ValueTextEquals("domainId"u8)) domainId = Value(ref json).GetUInt32();
            else if (json.ValueTextEquals("host"u8)) hostName = Value(ref json).GetString() is { } said && host is null ? said : host;
            else json.Skip();
        }

        ExpectEnd(ref json);
        Expect(lost is > 0 and < MostLost, "the number of its lost events is out of range");
        Expect(reason is not null && from is not null && to is not null && domain is not null && domainId is not null, "reason, from, to, domain or domainId is missing");
        Losses.Add(new EventLoss(domain!, domainId!.Value, reason!.Value, lost, from!.Value, to!.Value, hostName));
        return null;
    }

    /// <summary>One object for the many events of a rule.</summary>
    private RuleMark MarkOf(RuleMark mark) => _lastMark == mark ? _lastMark : _lastMark = mark;

    private static void ExpectEnd(ref Utf8JsonReader json) => Expect(json.TokenType == JsonTokenType.EndObject && !json.Read(), "more follows the object");

    private static Utf8JsonReader Value(ref Utf8JsonReader json)
    {
        json.Read();
        Utf8JsonReader value = json;
        json.Skip();
        return value;
    }

    private string? ReadDomain(Utf8JsonReader value)
    {
        if (value.TokenType == JsonTokenType.String && value.ValueTextEquals(_lastDomain)) return _lastDomain;
        return ReadName(value) is { } name ? _lastDomain = name : null;
    }

    private string? ReadName(Utf8JsonReader value) => value.GetString() is not { } name ? null : host is null ? name : ForeignName.Of(name);

    private VmEventResponse? ReadResponse(Utf8JsonReader value)
    {
        if (value.TokenType == JsonTokenType.Null) return null;
        if (value.ValueTextEquals(_lastResponseName)) return _lastResponse;
        string name = value.GetString()!;
        _lastResponse = ResponseText.Parse(name);
        _lastResponseName = name;
        return _lastResponse;
    }

    private int ReadRequest(Utf8JsonReader value)
    {
        Expect(value.TokenType == JsonTokenType.String && value.ValueSpan.Length <= LongestRequest, "its request is not a string, or is too long");
        int length = value.CopyString(_text);
        OperationStatus status = Base64.DecodeFromUtf8(_text.AsSpan(0, length), _request, out _, out int size);
        Expect(status == OperationStatus.Done, "its request is not in base64");
        return size;
    }

    private static T Defined<T>(Utf8JsonReader value) where T : struct, Enum
    {
        string? name = value.GetString();
        return Enum.TryParse(name, out T parsed) && parsed.ToString() == name ? parsed : throw new FormatException($"'{name}' is no {typeof(T).Name}");
    }

    private RecordedSource SourceOf(
        (uint DomainId, string Domain, string? HostName, int Version, GuestArchitecture Architecture, TimeSpan UtcOffset) key, VmEventLayout layout)
    {
        if (_sources.TryGetValue(key, out RecordedSource? source)) return source;
        if (_sources.Count == MostSources) _sources.Clear();
        return _sources[key] = new RecordedSource(key.DomainId, key.Domain, layout, key.Architecture, key.UtcOffset, lossesOf?.Invoke(key.DomainId, key.Domain) ?? Losses, key.HostName);
    }

    private static void Expect([System.Diagnostics.CodeAnalysis.DoesNotReturnIf(false)] bool condition, string otherwise)
    {
        if (!condition) throw new FormatException(otherwise);
    }
}
