using System.Net;
using System.Security.Cryptography;
using StackExchange.Redis;

namespace XenVmEvent.Agent;

/// <summary>Where a Redis is and how to get in.</summary>
public sealed record RedisSettings
{
    /// <summary>
    /// A configuration of StackExchange.Redis: hosts with ports, then options, as in
    /// <c>redis1:6379,redis2:6379,user=dom0-17,ssl=true</c>. With <c>serviceName=</c> the hosts are Sentinels.
    /// </summary>
    public required string Server { get; init; }

    /// <summary>A file whose first line is the password; null: the password is in <see cref="Server"/>, or there is none.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>
    /// A file of the authorities' certificates, in PEM, of which one must have signed the server's; null: one that this
    /// machine trusts must have. It is for <c>ssl=true</c>.
    /// </summary>
    public string? AuthorityFile { get; init; }

    /// <summary>The user and the password, which win over those in <see cref="Server"/>; null: those are.</summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>The hosts alone: nobody shall read a password where this is shown.</summary>
    public override string ToString() => string.Join(',', Server.Split(',').Where(one => !one.Contains('=', StringComparison.Ordinal)));

    /// <summary>Connects, with the password as it is in its file now.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidArgument"/>: it cannot be named like this, or a file cannot be read.</exception>
    /// <exception cref="RedisException">It cannot be reached, or refuses.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    internal async Task<ConnectionMultiplexer> ConnectAsync(CancellationToken stop)
    {
        Task<ConnectionMultiplexer> connecting = ConnectionMultiplexer.ConnectAsync(ToOptions());
        try
        {
            return await connecting.WaitAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            _ = connecting.ContinueWith(late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>What is wrong with the text; null if nothing is.</summary>
    internal string? FindProblem()
    {
        try
        {
            ConfigurationOptions options = ConfigurationOptions.Parse(Server);
            if (AuthorityFile is not null && !options.Ssl) return "An authority's file is of no use without TLS. Add ssl=true to the server.";
            if (options.EndPoints.Count > 0) return null;
        }
        catch (ArgumentException)
        {
        }

        return "A Redis is named by hosts and options, such as redis.example:6379,user=dom0-1,ssl=true.";
    }

    /// <summary>The options for a connection, with the password as it is in its file now.</summary>
    /// <exception cref="XenException"><see cref="XenErrorId.InvalidArgument"/>: they are wrong, or a file cannot be read.</exception>
    internal ConfigurationOptions ToOptions()
    {
        try
        {
            if (FindProblem() is { } problem) throw new ArgumentException(problem);
            ConfigurationOptions options = ConfigurationOptions.Parse(Server);
            if (PasswordFile is not null) options.Password = File.ReadLines(PasswordFile).FirstOrDefault()?.Trim() ?? "";
            if (Credential is not null) (options.User, options.Password) = (Credential.UserName, Credential.Password);
            ServerCertificate certificate = new(options, AuthorityFile is null ? null : ServerCertificate.ReadAuthorities(AuthorityFile));
            options.SslClientAuthenticationOptions = certificate.ToTls;
            options.ClientName ??= "xenvmevent";

            // Nothing waits inside the library: what is not confirmed is sent again from the spool.
            options.BacklogPolicy = BacklogPolicy.FailFast;
            return options;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new XenException(
                XenErrorId.InvalidArgument, $"Redis cannot be used as it is configured. {e.Message}", "Write hosts and options as in redis.example:6379,user=name,ssl=true.", e);
        }
    }
}
