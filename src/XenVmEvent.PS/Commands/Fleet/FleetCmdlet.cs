using System.Collections.Concurrent;
using System.Management.Automation;
using XenVmEvent.Agent;

namespace XenVmEvent.PS;

/// <summary>A cmdlet that reads what the agents of hosts sent to Redis.</summary>
public abstract class FleetCmdlet : XenCmdlet
{
    private readonly ConcurrentQueue<string> _told = new();

    /// <summary>The Redis: hosts with ports, then options, as in redis.example:6379,ssl=true.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(NoCompleter))]
    [ValidateNotNullOrEmpty]
    public string Redis { get; set; } = "";

    /// <summary>The hosts, by name, with or without wildcards. Without it, all.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(NoCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <summary>The user and the password.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>A file whose first line is the password.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PasswordFile { get; set; }

    /// <summary>A file of certificates in PEM that may have signed the server's. Without it, those of the system.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? AuthorityFile { get; set; }

    /// <summary>What errors are about: the Redis, without a password.</summary>
    private protected string Target => new RedisSettings { Server = Redis }.ToString();

    /// <summary>The Redis of the parameters.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidArgument"/>: they exclude each other, or a path is not that of a file.</exception>
    private protected RedisSettings GetSettings()
    {
        if (Credential is not null && PasswordFile is not null)
            throw new XenException(XenErrorId.InvalidArgument, "There are two passwords.", "Leave -Credential or -PasswordFile out.");
        return new RedisSettings { Server = Redis, Credential = Credential?.GetNetworkCredential(), PasswordFile = FileOf(PasswordFile), AuthorityFile = FileOf(AuthorityFile) };
    }

    /// <summary>Keeps a sentence for <see cref="WarnOfTold"/>. From any thread.</summary>
    private protected void Tell(string what) => _told.Enqueue(what);

    /// <summary>Warns of what was told.</summary>
    private protected void WarnOfTold()
    {
        while (_told.TryDequeue(out string? what)) WriteWarning(what);
    }

    /// <summary>Warns that nobody has sent anything.</summary>
    private protected void WarnOfNoHost() =>
        WriteWarning(HostName.Length == 0 ? $"No agent has sent anything to {Target}." : $"No agent of the hosts {string.Join(", ", HostName)} has sent anything to {Target}.");

    private string? FileOf(string? path)
    {
        try
        {
            return path is null ? null : RecordingPath.Resolve(SessionState.Path, path);
        }
        catch (XenException e)
        {
            throw new XenException(XenErrorId.InvalidArgument, e.Message, e.Remedy, e);
        }
    }
}
