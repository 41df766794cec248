using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Recording;
using XenVmEvent.Tests.Events;
using Xunit;

namespace XenVmEvent.Tests.Recording;

public class EventLineTests
{
    [Fact]
    public void A_line_makes_the_same_event_again()
    {
        EventLineReader reader = new();
        Properties.Hold(RandomEvents.Any, 2000, one => RecordedEvents.AssertSame(one, reader.Read(Encoding.UTF8.GetBytes(LineOf(one)))!));
    }

    [Fact]
    public void And_the_same_line()
    {
        EventLineReader reader = new();
        Properties.Hold(RandomEvents.Any, 500, one =>
        {
            string line = LineOf(one);
            Assert.Equal(line, LineOf(reader.Read(Encoding.UTF8.GetBytes(line))!));
        });
    }

    [Fact]
    public void It_is_one_line_of_valid_json_that_says_what_the_event_does() => Properties.Hold(RandomEvents.Any, 500, one =>
    {
        string line = LineOf(one);
        Assert.DoesNotContain('\n', line);
        JsonElement json = JsonDocument.Parse(line).RootElement;
        Assert.Equal(one.Time, json.GetProperty("time").GetDateTimeOffset());
        Assert.Equal((one.Domain, one.DomainId), (json.GetProperty("domain").GetString(), json.GetProperty("domainId").GetUInt32()));
        Assert.Equal((one.VCpu, one.Kind.ToString()), (json.GetProperty("vcpu").GetUInt32(), json.GetProperty("kind").GetString()));
        Assert.Equal(one.Response?.Name, json.GetProperty("response").GetString());
        Assert.Equal(one.Request.Bytes.ToArray(), json.GetProperty("request").GetBytesFromBase64());
    });

    [Fact]
    public void A_time_has_its_tenths_of_a_microsecond_also_where_there_are_none()
    {
        RecordedSource source = new(7, "web01", new Requests(7).Event(VmEventKind.Cpuid).Request.Layout, GuestArchitecture.X86, TimeSpan.Zero);
        foreach ((long ticks, string shown) in new[] { (50L, "5.0"), (52, "5.2"), (0, "0.0"), (12_345_678_901_230, "1234567890123.0") })
        {
            VmEvent one = VmEventFactory.Create(source, new Requests(7).Event(VmEventKind.Cpuid).Request, 1000);
            one.Restore(VmEventResponse.Continue, ResponseState.Default, 1000 + ticks);
            Assert.Contains($"\"handlingMicroseconds\":{shown},", LineOf(one), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_mark_of_lost_events_is_read_back()
    {
        EventLoss loss = new("web \"01\"", 7, LossReason.Overwritten, 134, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(1.5));
        ArrayBufferWriter<byte> buffer = new();
        using (EventLineWriter writer = new(buffer)) writer.Write(loss);
        EventLineReader reader = new();
        Assert.Null(reader.Read(buffer.WrittenSpan.TrimEnd((byte)'\n')));
        long none = 0;
        Assert.Equal([loss], reader.Losses.Since(ref none));
        Assert.Equal(134, reader.Losses.Events);
    }

    [Theory]
    [InlineData("""{"lost":0,"reason":"Dropped","from":"2026-05-01T12:00:00Z","to":"2026-05-01T12:00:00Z","domain":"a","domainId":1}""")]
    [InlineData("""{"lost":9223372036854775807,"reason":"Dropped","from":"2026-05-01T12:00:00Z","to":"2026-05-01T12:00:00Z","domain":"a","domainId":1}""")]
    [InlineData("""{"lost":1,"reason":"1","from":"2026-05-01T12:00:00Z","to":"2026-05-01T12:00:00Z","domain":"a","domainId":1}""")]
    [InlineData("""{"lost":1}""")]
    public void A_mark_that_makes_no_sense_is_refused(string line) => Assert.Throws<FormatException>(() => Read(line));

    [Fact]
    public void The_name_of_a_response_says_all_of_it() =>
        Properties.Hold(RandomEvents.Response, 2000, response => Assert.Equal(response, ResponseText.Parse(response.Name)));

    [Fact]
    public void Fields_may_stand_in_another_order_and_more_of_them()
    {
        VmEvent one = Answered(new Requests(7).Event(VmEventKind.Cpuid, (VmEventField.CpuidLeaf, 5)));
        JsonObject line = JsonNode.Parse(LineOf(one))!.AsObject();
        JsonObject other = new() { ["comment"] = new JsonObject { ["time"] = "never" } };
        foreach ((string name, JsonNode? value) in line.Reverse()) other[name] = value?.DeepClone();
        RecordedEvents.AssertSame(one, Read(other.ToJsonString()));
    }

    [Theory]
    [InlineData("time")]
    [InlineData("domain")]
    [InlineData("domainId")]
    [InlineData("interfaceVersion")]
    [InlineData("architecture")]
    [InlineData("response")]
    [InlineData("responseState")]
    [InlineData("request")]
    public void A_line_without_what_it_takes_is_refused(string field)
    {
        JsonObject line = JsonNode.Parse(LineOf(Answered(new Requests(7).Event(VmEventKind.Cpuid))))!.AsObject();
        line.Remove(field);
        Assert.Throws<FormatException>(() => Read(line.ToJsonString()));
        foreach (JsonNode? wrong in (JsonNode?[])[true, "x", -1, null, new JsonArray(1), new JsonObject()])
        {
            line[field] = wrong;
            if (field == "domain" && wrong is JsonValue value && value.GetValueKind() == JsonValueKind.String) continue;
            Assert.Throws<FormatException>(() => Read(line.ToJsonString()));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{} {}")]
    [InlineData("{\"time\":")]
    [InlineData("text")]
    public void What_is_no_object_is_refused(string line) => Assert.Throws<FormatException>(() => Read(line));

    [Theory]
    [InlineData(6)]
    [InlineData(2)]
    public void A_request_of_another_versions_size_is_refused(int version)
    {
        JsonObject line = JsonNode.Parse(LineOf(Answered(new Requests(7).Event(VmEventKind.Cpuid))))!.AsObject();
        line["interfaceVersion"] = version;
        Assert.Throws<FormatException>(() => Read(line.ToJsonString()));
    }

    [Fact]
    public void Nobody_waits_for_an_answer_to_a_recorded_event()
    {
        VmEvent recorded = Read(LineOf(new Requests(7).HeldEvent(VmEventKind.Cpuid)));
        Assert.Equal(ResponseState.Held, recorded.ResponseState);
        Assert.Equal(XenErrorId.AlreadyAnswered, Assert.Throws<XenException>(() => recorded.Respond(VmEventResponse.Continue)).Id);
        Assert.Null(recorded.Response);
    }

    private static VmEvent Answered(VmEvent vmEvent)
    {
        vmEvent.SetDefault(VmEventResponse.Continue);
        return vmEvent;
    }

    private static VmEvent Read(string line) => new EventLineReader().Read(Encoding.UTF8.GetBytes(line))!;

    private static string LineOf(VmEvent vmEvent)
    {
        ArrayBufferWriter<byte> buffer = new();
        using EventLineWriter writer = new(buffer);
        writer.Write(vmEvent);
        string line = Encoding.UTF8.GetString(buffer.WrittenSpan);
        Assert.EndsWith("\n", line, StringComparison.Ordinal);
        return line[..^1];
    }
}
