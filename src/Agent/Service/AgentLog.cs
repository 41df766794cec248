using XenVmEvent.Monitoring;

namespace XenVmEvent.Agent;

/// <summary>What the agent tells its administrator, in lines. From any thread.</summary>
/// <param name="say">Told each line.</param>
/// <param name="remedyOf">What to do about an error, in the words of the face.</param>
public sealed class AgentLog(Action<string> say, Func<XenException, string> remedyOf)
{
    /// <summary>Tells a line.</summary>
    public void Say(string line) => say(line);

    /// <summary>Tells an error.</summary>
    public void Say(XenException e)
    {
        ArgumentNullException.ThrowIfNull(e);
        say($"{e.Id}: {e.Message} {remedyOf(e)}");
    }

    /// <summary>Tells what happened to a guest.</summary>
    public void Say(FollowNews news)
    {
        ArgumentNullException.ThrowIfNull(news);
        say(news.Error is { } error ? $"{news} {remedyOf(error)}" : $"{news}");
    }
}
