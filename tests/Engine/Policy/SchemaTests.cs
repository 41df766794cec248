using System.Text.Json.Nodes;
using Json.Schema;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Monitoring;
using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;
using XenVmEvent.Symbols;
using XenVmEvent.Tests.Symbols;
using Xunit;

namespace XenVmEvent.Tests.Policy;

/// <summary>docs/policy.schema.json, with which editors check and complete policies, says what the program says.</summary>
public sealed class SchemaTests
{
    /// <summary>A value that makes sense for each key of a rule.</summary>
    private static readonly Dictionary<string, JsonNode> Samples = new()
    {
        ["when"] = "rip != 0",
        ["answer"] = "continue",
        ["set"] = new JsonObject { ["rax"] = "rbx & 0xff" },
        ["view"] = 0,
        ["toggleSingleStep"] = true,
        ["fastSingleStepView"] = 1,
        ["emulatedReadData"] = "90 c3",
        ["instructionData"] = "90",
        ["getNextInterrupt"] = true,
        ["resetVmTrace"] = true,
        ["resetForkState"] = true,
        ["resetForkMemory"] = true,
        ["report"] = "sample 1/100",
        ["severity"] = "warning",
        ["message"] = "Somebody did it.",
        ["after"] = "boot",
        ["instructionPointer"] = "0x1000-0x1fff",
        ["symbol"] = new JsonArray("do_*"),
        ["register"] = new JsonArray("CR0", "CR4"),
        ["ignoredBits"] = "0x80",
        ["msr"] = "IA32_LSTAR",
        ["onChange"] = true,
        ["newValue"] = "0x1000..0x1fff",
        ["async"] = false,
        ["allowUserspace"] = true,
        ["vcpu"] = 0,
        ["at"] = new JsonArray("0xffffffff81000000", 7),
        ["hide"] = true,
        ["access"] = "write",
        ["range"] = "do_it",
        ["gfn"] = new JsonArray("0x400-0x4ff", 7),
        ["linearAddress"] = "0x1000",
        ["repeat"] = true,
        ["ignorePageWalks"] = false,
    };

    private static readonly string Text = File.ReadAllText(Repository.PathOf("docs/policy.schema.json"));
    private static readonly JsonSchema Schema = JsonSchema.FromText(Text);

    private static readonly SymbolMap Map = SymbolMaps.Of("1000 T do_it\n");

    public static TheoryData<VmEventKind> Kinds => [.. Enum.GetValues<VmEventKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_rule_has_the_same_keys_in_both(VmEventKind kind)
    {
        Assert.Equal(Samples.Keys.Order(), Properties("$defs", "rule", "properties").Except(["name", "event"]).Order());
        string[] known = KnownKeys(kind);
        foreach ((string key, JsonNode value) in Samples)
        {
            JsonObject rule = Required(kind);
            rule[key] = value.DeepClone();
            Assert.True(known.Contains(key) == IsValid(Of(rule)), $"{kind}: {key}");
        }

        Assert.Equal(known.Order(), Samples.Keys.Where(key => known.Contains(key)).Concat(["name", "event"]).Order());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_a_rule_must_have_is_the_same_in_both(VmEventKind kind)
    {
        JsonObject all = Required(kind);
        Assert.True(Reads(Of(all)) && IsValid(Of(all)));
        foreach (string key in all.Select(entry => entry.Key).ToArray())
        {
            JsonObject without = Required(kind);
            without.Remove(key);
            Assert.False(Reads(Of(without)) || IsValid(Of(without)), $"{kind} without {key}");
        }
    }

    [Fact]
    public void Names_are_the_same_in_both()
    {
        Assert.Equal(Written<VmEventKind>(), Names("$defs", "rule", "properties", "event", "enum"));
        Assert.Equal(Written<VmEventAction>(), Names("$defs", "rule", "properties", "answer", "enum"));
        Assert.Equal(Written<RuleSeverity>(), Names("$defs", "rule", "properties", "severity", "enum"));
        Assert.Equal(Written<ControlRegister>(), Names("$defs", "rule", "properties", "register", "oneOf", "0", "enum"));
        Assert.Equal(Written<PageAccess>().Except(["none"]), Names("$defs", "rule", "properties", "access", "oneOf", "0", "enum"));
        Assert.Equal(Written<SettableRegister>(), Properties("$defs", "rule", "properties", "set", "properties").Order());
        Assert.Equal(Written<PolicyMode>(), Names("properties", "mode", "enum"));
        Assert.Equal(Written<UnsupportedRules>(), Names("properties", "unsupported", "enum"));
        Assert.Equal(Written<ExcessAction>(), Names("properties", "limits", "properties", "excess", "enum"));
    }

    [Theory]
    [InlineData("version", "2")]
    [InlineData("name", "[]")]
    [InlineData("domains", "[]")]
    [InlineData("mode", "\"watch\"")]
    [InlineData("limits", "{\"eventsPerSecond\": -1}")]
    [InlineData("limits", "{\"perSecond\": 1}")]
    [InlineData("limits", "{\"holdTime\": \"soon\"}")]
    [InlineData("unsupported", "true")]
    [InlineData("symbols", "{}")]
    [InlineData("rules", "[]")]
    [InlineData("mood", "1")]
    public void What_is_wrong_is_wrong_in_both(string key, string value)
    {
        JsonObject policy = Of(Required(VmEventKind.Cpuid));
        policy[key] = JsonNode.Parse(value);
        Assert.False(Reads(policy) || IsValid(policy));
    }

    [Theory]
    [InlineData("limits", "{\"eventsPerSecond\": 5, \"holdTime\": \"1.5s\", \"excess\": \"slow\"}")]
    [InlineData("limits", "{\"holdTime\": 0.5}")]
    [InlineData("mode", "\"monitor\"")]
    [InlineData("unsupported", "\"skip\"")]
    [InlineData("domains", "[\"web*\", 7]")]
    [InlineData("symbols", "\"System.map\"")]
    [InlineData("symbols", "{\"web*\": \"web.map\"}")]
    public void What_is_right_is_right_in_both(string key, string value)
    {
        JsonObject policy = Of(Required(VmEventKind.Cpuid));
        policy[key] = JsonNode.Parse(value);
        Assert.True(Reads(policy) && IsValid(policy));
    }

    private static JsonObject Required(VmEventKind kind)
    {
        JsonObject rule = new() { ["name"] = "a", ["event"] = kind.ToString() };
        string? key = kind switch
        {
            VmEventKind.WriteControlRegister => "register",
            VmEventKind.MovToMsr => "msr",
            VmEventKind.MemAccess => "access",
            _ => null,
        };
        if (key is not null) rule[key] = Samples[key].DeepClone();
        return rule;
    }

    private static JsonObject Of(JsonObject rule) => new()
    {
        ["version"] = 1,
        ["name"] = "test",
        ["domains"] = new JsonArray("*"),
        ["symbols"] = "System.map",
        ["rules"] = new JsonArray(rule.DeepClone()),
    };

    /// <summary>Whether the schema has nothing against a policy.</summary>
    public static bool IsValid(JsonObject policy) => Schema.Evaluate(System.Text.Json.JsonSerializer.SerializeToElement(policy)).IsValid;

    private static bool Reads(JsonObject policy) => PolicyFile.Parse(policy.ToJsonString(), _ => Map, out _) is not null;

    /// <summary>The keys that the program asks for when it reads a rule.</summary>
    private static string[] KnownKeys(VmEventKind kind)
    {
        PolicyNode node = PolicyNode.Map([new(PolicyNode.Word("event", 1, 1), PolicyNode.Word(kind.ToString(), 1, 1))], 1, 1);
        PolicyMap map = new(node, "A rule", []);
        new RuleReader(map, symbols: null).Read();
        return [.. map.Known];
    }

    private static IEnumerable<string> Written<T>() where T : struct, Enum => Enum.GetNames<T>().Select(PolicyMap.Written).Order();

    private static IEnumerable<string> Names(params string[] path) => At(path).AsArray().Select(name => (string)name!).Order();

    private static IEnumerable<string> Properties(params string[] path) => At(path).AsObject().Select(entry => entry.Key);

    private static JsonNode At(string[] path)
    {
        JsonNode node = JsonNode.Parse(Text)!;
        foreach (string step in path) node = (int.TryParse(step, out int index) ? node[index] : node[step])!;
        return node;
    }
}
