using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using XenVmEvent.Events;
using XenVmEvent.Policy;

namespace XenVmEvent.Cli;

/// <summary>Prints what is wrong with a policy, and what it would have done, as text or as JSON, one object per line.</summary>
internal sealed class PolicyTrialWriter(Stream output, OutputFormat format) : IDisposable
{
    private const string NoRule = "(no rule)";
    private const int LongestName = 24;

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly BufferedStream _output = new(output, 64 * 1024);

    /// <summary>Says what is wrong, as a compiler does.</summary>
    public void Write(string path, PolicyProblem problem)
    {
        if (format == OutputFormat.Text)
        {
            WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}:{problem.Line}:{problem.Column}: {problem.Message}"));
            return;
        }

        WriteJson(json =>
        {
            json.WriteString("file"u8, path);
            json.WriteNumber("line"u8, problem.Line);
            json.WriteNumber("column"u8, problem.Column);
            json.WriteString("message"u8, problem.Message);
        });
    }

    /// <summary>Says that a policy is valid, and for whom.</summary>
    public void WriteValid(string path, VmEventPolicy policy)
    {
        if (format == OutputFormat.Text)
        {
            string rules = policy.Rules.Count == 1 ? "1 rule" : $"{policy.Rules.Count} rules";
            string does = policy.Mode == PolicyMode.Enforce ? "decides for" : "watches";
            WriteLine($"{path}: valid. {policy.Name} has {rules} and {does} the guests {string.Join(", ", policy.Domains)}.");
            return;
        }

        WriteJson(json =>
        {
            json.WriteString("file"u8, path);
            json.WriteString("policy"u8, policy.Name);
            json.WriteString("mode"u8, policy.Mode.ToString());
            json.WriteNumber("rules"u8, policy.Rules.Count);
        });
    }

    /// <summary>Says which rule fits an event, and what it would have answered.</summary>
    public void Write(VmEvent vmEvent, RuleVerdict? verdict)
    {
        if (format == OutputFormat.Text)
        {
            WriteLine($"{verdict?.Rule ?? NoRule}: {vmEvent}{(verdict?.Answer is { } answer ? $" -> {answer}" : "")}");
            return;
        }

        WriteJson(json =>
        {
            json.WriteString("time"u8, vmEvent.Time);
            json.WriteString("event"u8, vmEvent.ToString());
            json.WriteString("rule"u8, verdict?.Rule);
            json.WriteString("severity"u8, verdict?.Severity?.ToString());
            json.WriteString("answer"u8, verdict?.Answer?.Name);
            json.WriteBoolean("reported"u8, verdict?.IsReported ?? false);
        });
    }

    /// <summary>Says what each rule would have done.</summary>
    public void Write(VmEventPolicy policy, PolicyTrial trial)
    {
        if (format == OutputFormat.Json)
        {
            foreach (RuleTrial rule in trial.Results) WriteJson(json => WriteRule(json, rule));
            return;
        }

        int width = Math.Clamp(trial.Rules.Max(rule => rule.Rule!.Length), NoRule.Length, LongestName);
        WriteLine($"{policy.Name}: {trial.Events} events");
        WriteLine($"{"Rule".PadRight(width)}  Severity  {"Events",9}  {"Answered",9}  {"Shown",9}  Answer");
        foreach (RuleTrial rule in trial.Results)
        {
            WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{(rule.Rule ?? NoRule).PadRight(width)}  {rule.Severity?.ToString().ToLowerInvariant(),-8}  {rule.Fitted,9}  {rule.Answered,9}  {rule.Reported,9}  {rule.Answer}").TrimEnd());
            if (rule.First.Count > 0) WriteLine($"  first: {rule.First[0]}");
        }
    }

    public void Dispose() => _output.Flush();

    private static void WriteRule(Utf8JsonWriter json, RuleTrial rule)
    {
        json.WriteString("rule"u8, rule.Rule);
        json.WriteString("severity"u8, rule.Severity?.ToString());
        json.WriteString("answer"u8, rule.Answer);
        json.WriteNumber("events"u8, rule.Fitted);
        json.WriteNumber("answered"u8, rule.Answered);
        json.WriteNumber("unsuitable"u8, rule.Unsuitable);
        json.WriteNumber("reported"u8, rule.Reported);
        json.WriteNumber("shed"u8, rule.Shed);
        json.WriteStartArray("first"u8);
        foreach (VmEvent vmEvent in rule.First) json.WriteStringValue(vmEvent.ToString());
        json.WriteEndArray();
    }

    private void WriteLine(string line) => _output.Write(Encoding.UTF8.GetBytes(line + "\n"));

    private void WriteJson(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, Readable))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        _output.Write(buffer.WrittenSpan);
        _output.Write("\n"u8);
    }
}
