using System.Diagnostics;
using System.Globalization;
using StackExchange.Redis;

namespace XenVmEvent.Agent;

/// <summary>The clock of Redis, the one that all hosts of a fleet can ask.</summary>
internal static class RedisClock
{
    /// <summary>The time there.</summary>
    /// <exception cref="RedisException">Redis refuses, or cannot be reached.</exception>
    public static async Task<DateTimeOffset> AskAsync(IDatabase database)
    {
        RedisResult answer = await database.ExecuteAsync("TIME").ConfigureAwait(false);
        return (string[]?)answer is [var seconds, var microseconds]
            ? DateTimeOffset.FromUnixTimeSeconds(long.Parse(seconds, CultureInfo.InvariantCulture)).AddMicroseconds(long.Parse(microseconds, CultureInfo.InvariantCulture))
            : throw new RedisException("Redis does not tell its time.");
    }

    /// <summary>
    /// How far this machine's clock is ahead, in milliseconds; negative: behind. The answer is taken to be from the middle of
    /// the time that it took, so it is wrong by at most half of that.
    /// </summary>
    /// <returns>Null: the user may not ask.</returns>
    /// <exception cref="RedisException">Redis cannot be reached.</exception>
    public static async Task<double?> CompareAsync(IDatabase database)
    {
        long asked = Stopwatch.GetTimestamp();
        try
        {
            DateTimeOffset there = await AskAsync(database).ConfigureAwait(false);
            DateTimeOffset here = DateTimeOffset.UtcNow - (Stopwatch.GetElapsedTime(asked) / 2);
            return Math.Round((here - there).TotalMilliseconds, 3);
        }
        catch (RedisServerException)
        {
            return null;
        }
    }
}
