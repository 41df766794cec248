namespace XenVmEvent;

/// <summary>An error from Xen, a guest or a channel: what was refused, and what to do about it.</summary>
public sealed class XenException : Exception
{
    /// <summary>An error that this program detected itself.</summary>
    /// <param name="id">The stable id of the error.</param>
    /// <param name="message">What went wrong, a whole sentence.</param>
    /// <param name="remedy">What to do about it, a whole sentence.</param>
    /// <param name="inner">The cause.</param>
    /// <param name="task">The task behind the remedy, for a face to add its command.</param>
    public XenException(XenErrorId id, string message, string remedy, Exception? inner = null, RemedyTask task = RemedyTask.None)
        : base(message, inner)
    {
        Id = id;
        Remedy = remedy;
        RemedyTask = task;
    }

    /// <summary>An error that a call of Xen's libraries returned.</summary>
    /// <param name="id">The stable id of the error.</param>
    /// <param name="call">The function that failed, as in <c>xc_monitor_enable</c>.</param>
    /// <param name="errno">The value of errno after it.</param>
    /// <param name="message">What could not be done, a whole sentence.</param>
    /// <param name="remedy">What to do about it, a whole sentence.</param>
    /// <param name="task">The task behind the remedy, for a face to add its command.</param>
    public XenException(XenErrorId id, string call, Errno errno, string message, string remedy, RemedyTask task = RemedyTask.None)
        : base($"{message} ({call}: {(Enum.IsDefined(errno) ? errno : $"errno {(int)errno}")})")
    {
        Id = id;
        Call = call;
        Errno = errno;
        Remedy = remedy;
        RemedyTask = task;
    }

    /// <summary>
    /// The exception itself or, for a defect of this program that is met where a guest must be freed first, an error
    /// that reports it.
    /// </summary>
    internal static XenException From(Exception exception) =>
        exception as XenException ?? new XenException(
            XenErrorId.Unexpected,
            $"Something unexpected went wrong: {exception.Message}",
            "Please report this with the exception's details.",
            exception);

    /// <summary>The stable id of the error.</summary>
    public XenErrorId Id { get; }

    /// <summary>What to do about it, a whole sentence without any face's words.</summary>
    public string Remedy { get; }

    /// <summary>The task behind the remedy, if a face has a command for it.</summary>
    public RemedyTask RemedyTask { get; }

    /// <summary>The remedy with a face's own command.</summary>
    /// <param name="commandFor">The face's command for a task; null if it has none.</param>
    public string RemedyBy(Func<RemedyTask, string?> commandFor)
    {
        ArgumentNullException.ThrowIfNull(commandFor);
        return AddCommand(Remedy, commandFor(RemedyTask));
    }

    internal static string AddCommand(string remedy, string? command) => command is null ? remedy : $"{remedy.TrimEnd('.')}: {command}.";

    /// <summary>The library function that failed; null when none did.</summary>
    public string? Call { get; }

    /// <summary>The value of errno after it; null if no function failed.</summary>
    public Errno? Errno { get; }
}
