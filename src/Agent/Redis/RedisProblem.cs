using System.Security.Authentication;
using StackExchange.Redis;

namespace XenVmEvent.Agent;

/// <summary>Says what is wrong with Redis, in one sentence without the library's diagnostics.</summary>
internal static class RedisProblem
{
    public static string Of(Exception e) => e switch
    {
        RedisTimeoutException or TimeoutException => "Redis does not answer in time.",
        RedisConnectionException when WithCauses(e).OfType<AuthenticationException>().FirstOrDefault() is { } tls => $"{tls.Message.TrimEnd('.')}.",
        RedisConnectionException when WithCauses(e).OfType<IOException>().Any() && WithCauses(e).Any(IsRefusal) => "TLS with Redis cannot begin: does the port speak it?",
        RedisConnectionException when WithCauses(e).Any(IsRefusal) => "Redis refuses the user or the password.",
        RedisConnectionException connection => $"Redis cannot be reached: {connection.FailureType}.",
        RedisServerException server => $"Redis refuses: {server.Message.TrimEnd('.')}.",
        XenException own => $"{own.Message} {own.Remedy}",
        _ => $"{e.Message.TrimEnd('.')}.",
    };

    /// <summary>The same as an error for those who read.</summary>
    public static XenException AsError(Exception e) => new(
        XenErrorId.RedisFailed, Of(e), "Name a Redis that runs, with a user who may read the streams.", e);

    /// <summary>The library tells it in the exception within, or in words.</summary>
    private static bool IsRefusal(Exception e) =>
        e is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure }
        || e.Message.Contains("WRONGPASS", StringComparison.Ordinal)
        || e.Message.Contains("NOAUTH", StringComparison.Ordinal);

    private static IEnumerable<Exception> WithCauses(Exception e) =>
        (e is AggregateException { InnerExceptions: var several } ? several : e.InnerException is { } one ? [one] : []).SelectMany(WithCauses).Prepend(e);
}
