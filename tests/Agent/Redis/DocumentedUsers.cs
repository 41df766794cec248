using StackExchange.Redis;
using XenVmEvent.Tests;

namespace XenVmEvent.Agent.Tests;

/// <summary>The users of Redis that docs/fleet.md describes, with the rights that it gives them.</summary>
internal static class DocumentedUsers
{
    public const string Password = "secret";

    /// <summary>Makes one of them.</summary>
    public static void Create(ConnectionMultiplexer redis, string name) => redis.GetServers()[0].Execute("ACL", ["SETUSER", .. WordsOf(name)]);

    /// <summary>The arguments with which a server has one of them from its start.</summary>
    /// <param name="name">The user.</param>
    /// <param name="moreRights">Rights that the document names elsewhere.</param>
    public static string[] Arguments(string name, params string[] moreRights) => ["--user", .. WordsOf(name), .. moreRights];

    private static IEnumerable<string> WordsOf(string name) =>
        File.ReadLines(Repository.PathOf("docs/fleet.md"))
            .Single(line => line.StartsWith($"ACL SETUSER {name} ", StringComparison.Ordinal))
            .Replace("PASSWORD", Password, StringComparison.Ordinal)
            .Split(' ')
            .Skip(2);
}
