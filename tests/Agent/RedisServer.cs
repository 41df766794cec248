using System.Diagnostics;
using StackExchange.Redis;
using Xunit;

namespace XenVmEvent.Agent.Tests;

/// <summary>A real redis-server of the test's own, on a unix socket in a folder of its own.</summary>
internal sealed class RedisServer : IDisposable
{
    private readonly string[] _arguments;
    private Process? _process;

    private RedisServer(string folder, string[] arguments)
    {
        Folder = folder;
        _arguments = arguments;
    }

    /// <summary>Where its data and its socket lie.</summary>
    public string Folder { get; }

    /// <summary>How StackExchange.Redis calls it.</summary>
    public string Address => $"!{Path.Combine(Folder, "redis.sock")}";

    public RedisSettings Settings => new() { Server = Address };

    /// <summary>Starts one, or skips the test where none is installed.</summary>
    public static RedisServer Start(string folder, params string[] arguments)
    {
        Assert.SkipUnless(IsInstalled(), "redis-server is not installed (Debian: apt install redis-server).");
        RedisServer server = new(folder, arguments);
        server.Start();
        return server;
    }

    public void Start()
    {
        _process = Process.Start(new ProcessStartInfo("redis-server", ["--port", "0", "--unixsocket", Path.Combine(Folder, "redis.sock"), "--dir", Folder, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec", .. _arguments])
        {
            RedirectStandardOutput = true,
        })!;
        using ManualResetEventSlim said = new();
        bool isReady = false;
        _process.OutputDataReceived += (_, line) =>
        {
            if (isReady) return;
            isReady = line.Data?.Contains("eady to accept connections", StringComparison.Ordinal) == true;
            if (isReady || line.Data is null) said.Set();
        };
        _process.BeginOutputReadLine();
        said.Wait();
        if (isReady) return;
        Kill();
        throw new InvalidOperationException("redis-server does not start.");
    }

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
    public ConnectionMultiplexer Connect(string options = "") => ConnectionMultiplexer.Connect($"{Address},allowAdmin=true{options}");

    public void Dispose()
    {
        if (_process is not null) Kill();
    }

    private static bool IsInstalled() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server")));
}
