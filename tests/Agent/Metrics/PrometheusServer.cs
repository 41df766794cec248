using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>A real Prometheus of the test's own, where it is installed (Debian: apt install prometheus).</summary>
internal sealed class PrometheusServer : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Process _process;
    private readonly HttpClient _client = new();

    private PrometheusServer(string program, IPEndPoint target, string rules)
    {
        string address = Loopback.FreeAddress().ToString();
        string configuration = _folder.Write("prometheus.yml", $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
            rule_files: ['{{rules}}']
            scrape_configs:
              - {job_name: xenvmevent, static_configs: [{targets: ['{{target}}']}]}
            """);
        _client.BaseAddress = new Uri($"http://{address}/api/v1/");
        _process = Process.Start(new ProcessStartInfo(program, [$"--config.file={configuration}", $"--storage.tsdb.path={_folder["data"]}", $"--web.listen-address={address}", "--log.level=error"]))!;
    }

    /// <summary>Starts one that scrapes an agent and evaluates rules; skips the test where none is installed.</summary>
    public static PrometheusServer Start(IPEndPoint target, string rules)
    {
        string? program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "prometheus")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "prometheus is not installed (Debian: apt install prometheus).");
        return new PrometheusServer(program!, target, rules);
    }

    /// <summary>The series that an expression has now; empty while it does not answer yet.</summary>
    public JsonElement[] Query(string expression) => Get($"query?query={Uri.EscapeDataString(expression)}") is { } data ? [.. data.GetProperty("result").EnumerateArray()] : [];

    /// <summary>The names of all metrics that it has seen.</summary>
    public IReadOnlyList<string> Names() => Get("label/__name__/values") is { } names ? [.. names.EnumerateArray().Select(name => name.GetString()!)] : [];

    /// <summary>The rules, with their health.</summary>
    public JsonElement[] Rules() => Get("rules") is { } data ? [.. data.GetProperty("groups").EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray())] : [];

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }

    private JsonElement? Get(string path)
    {
        Assert.False(_process.HasExited, "Prometheus has ended.");
        try
        {
            using HttpResponseMessage response = _client.Send(new HttpRequestMessage(HttpMethod.Get, path));
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable) return null;
            using JsonDocument document = JsonDocument.Parse(response.Content.ReadAsStream());
            Assert.True(response.IsSuccessStatusCode, document.RootElement.ToString());
            return document.RootElement.GetProperty("data").Clone();
        }
        catch (HttpRequestException)
        {
            return null; // It does not listen yet.
        }
    }
}
