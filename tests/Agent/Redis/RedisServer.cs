using System.Diagnostics;
using StackExchange.Redis;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>A real redis-server of the test's own, on a unix socket in a folder of its own.</summary>
internal sealed class RedisServer : IDisposable
{
    /// <summary>Options of a connection that is not to fail on a busy machine.</summary>
    public const string Patient = ",connectTimeout=5000,syncTimeout=120000,asyncTimeout=120000";

    private readonly string[] _arguments;
    private readonly string[] _within;
    private Process? _process;

    private RedisServer(string folder, string[] arguments, string[] within)
    {
        Folder = folder;
        _arguments = arguments;
        _within = within;
    }

    /// <summary>Where its data and its socket lie.</summary>
    public string Folder { get; }

    /// <summary>How StackExchange.Redis calls it.</summary>
    public string Address => $"!{Path.Combine(Folder, "redis.sock")}";

    public RedisSettings Settings => new() { Server = Address + Patient };

    /// <summary>Starts one, or skips the test where none is installed.</summary>
    public static RedisServer Start(string folder, params string[] arguments) => StartWithin([], folder, arguments);

    /// <summary>Starts one by a program that then runs it, such as one that gives it a network of its own.</summary>
    public static RedisServer StartWithin(string[] program, string folder, params string[] arguments)
    {
        Directory.CreateDirectory(folder);
        RedisServer server = new(folder, arguments, program);
        server.Start();
        return server;
    }

    /// <summary>Runs redis-server until it has said something, or skips the test where it is not installed.</summary>
    public static Process Run(string[] arguments, string said, params string[] within)
    {
        Assert.SkipUnless(IsInstalled(), "redis-server is not installed (Debian: apt install redis-server).");
        string[] command = [.. within, "redis-server", .. arguments];
        Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        using ManualResetEventSlim over = new();
        List<string> lines = [];
        bool isReady = false;
        process.OutputDataReceived += (_, line) =>
        {
            if (isReady) return;
            if (line.Data is not null) lines.Add(line.Data);
            isReady = line.Data?.Contains(said, StringComparison.Ordinal) == true;
            if (isReady || line.Data is null) over.Set();
        };
        process.BeginOutputReadLine();
        over.Wait();
        if (isReady) return process;
        process.Dispose();
        throw new InvalidOperationException($"redis-server does not start. It said: {string.Join(' ', lines.TakeLast(3))}");
    }

    public void Start() => _process = Run(
        ["--port", "0", "--unixsocket", Path.Combine(Folder, "redis.sock"), "--dir", Folder, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec", .. _arguments],
        "eady to accept connections",
        _within);

    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Stops it without ending it, or lets it go on.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("sh", ["-c", $"kill -s {name} {_process!.Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>A connection of the test's own.</summary>
    public ConnectionMultiplexer Connect(string options = "") => ConnectionMultiplexer.Connect($"{Address},allowAdmin=true{Patient},connectTimeout=60000{options}");

    public void Dispose()
    {
        if (_process is not null) Kill();
    }

    private static bool IsInstalled() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server")));
}
