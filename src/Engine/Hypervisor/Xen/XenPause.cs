using System.Globalization;
using System.Runtime.InteropServices;

namespace XenVmEvent.Hypervisor.Xen;

/// <summary>
/// Keeps the vCPUs of a domain from running, with one of Xen's pauses for everything in this process that wants one at
/// the same time. Xen counts pauses and tells only whether there is any. So the pause is noted
/// (<see cref="HoldNote"/>), together with whether somebody else's pause was there before. Whoever finds the note after
/// a kill undoes exactly this pause.
/// </summary>
internal sealed class XenPause
{
    private const string Kind = "pause";

    /// <summary>About to be made or undone: the domain itself shows whether the pause exists.</summary>
    private const string Unsure = "unsure";

    private const string Held = "held";

    /// <summary>Held, and libxenctrl may have one of its own, as it does while it enables a monitor.</summary>
    private const string Doubled = "doubled";

    private const string WasPaused = "paused";
    private const string WasRunning = "running";

    /// <summary>It had never run: its toolstack's own pause was there, and would be undone at any time.</summary>
    private const string WasNew = "new";

    /// <summary>How long a toolstack may take, at most, from introducing a domain until it lets it run.</summary>
    private static readonly TimeSpan ToolstackPatience = TimeSpan.FromSeconds(30);

    private static readonly Lock Gate = new();
    private static readonly Dictionary<uint, XenPause> Pauses = [];

    private readonly HoldNote _note;
    private readonly string[] _domain;
    private readonly string _before;
    private int _users;

    private XenPause(XenCtrlHandle xen, XenDomain domain, bool isStart)
    {
        _domain = Words(domain);
        _before = isStart ? WasNew : Ask(xen, domain) is { IsPaused: true } ? WasPaused : WasRunning;
        _note = HoldNote.Write([.. _domain, Unsure, _before]);
    }

    /// <summary>Whether pauses of a domain are noted that a process which is gone has left, or this one.</summary>
    public static bool AreLeft(XenDomain domain) => HoldNote.Find(Words(domain)).Any(note => note.IsAbandoned || note.IsOwn);

    /// <summary>Runs an action while no vCPU of a domain runs.</summary>
    public static void While(XenCtrlHandle xen, XenDomain domain, XenErrors errors, Action action) => While(xen, domain, errors, _ =>
    {
        action();
        return true;
    });

    /// <inheritdoc cref="While(XenCtrlHandle, XenDomain, XenErrors, Action)"/>
    public static T While<T>(XenCtrlHandle xen, XenDomain domain, XenErrors errors, Func<XenPause, T> action)
    {
        if (Begin(xen, domain) is not { } pause) throw Failure(nameof(XenCtrl.xc_domain_pause), "pause the vCPUs");
        T result;
        try
        {
            result = action(pause);
        }
        catch
        {
            pause.TryEnd(xen, domain);
            throw;
        }

        return pause.TryEnd(xen, domain) ? result : throw Failure(nameof(XenCtrl.xc_domain_unpause), "let the vCPUs run again");

        XenException Failure(string call, string what)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errors.Of(call, errno, $"{what} of {domain}", domain);
        }
    }

    /// <summary>Keeps a domain that has never run from running, whatever its toolstack does, until the result is disposed.</summary>
    /// <returns>Null: it has run, nobody has paused it, it cannot be noted, or Xen refuses.</returns>
    public static IDisposable? HoldBack(XenCtrlHandle xen, XenDomain domain)
    {
        lock (Gate)
        {
            return Ask(xen, domain) is { IsNew: true } && Begin(xen, domain, isStart: true) is { } pause ? new StartHold(xen, domain, pause) : null;
        }
    }

    /// <summary>Undoes the pauses of processes that are gone.</summary>
    /// <returns>How many there were.</returns>
    public static int UndoAbandoned(XenCtrlHandle xen, XenDomain domain)
    {
        int undone = 0;
        string[] words = Words(domain);
        lock (Gate)
        {
            foreach (HoldNote note in HoldNote.Find(words))
            {
                bool isOurs = note.IsOwn && !Pauses.ContainsKey(domain.Id);
                if (!isOurs && !note.IsAbandoned) continue;
                if (note.Words.Skip(words.Length).ToArray() is [string state, string before] && !IsTooEarly(note, state, before) && note.TryTake())
                    undone += Undo(note, state, before);
            }
        }

        return undone;

        bool IsTooEarly(HoldNote note, string state, string before) =>
            state == Unsure && before == WasNew && note.Age < ToolstackPatience && Ask(xen, domain) is { IsNew: true };

        int Undo(HoldNote note, string state, string before)
        {
            int pauses = 0;
            if (state is Held or Doubled)
            {
                if (state == Held) note.Change([.. words, Unsure, before]);
                _ = XenCtrl.xc_domain_unpause(xen, domain.Id);
                pauses++;
                if (state == Doubled && before == WasNew)
                {
                    // Whether libxenctrl's pause is left shows once the toolstack has undone its own.
                    note.Change([.. words, Unsure, before]);
                    return pauses;
                }
            }

            // If somebody else has paused the domain too, our pause cannot be told from theirs, and theirs must stay. A
            // toolstack's would not have.
            bool isLeft = Ask(xen, domain) is { } info && (before == WasRunning ? info.IsPaused : before == WasNew && info.IsNew);
            if (state is Unsure or Doubled && isLeft)
            {
                _ = XenCtrl.xc_domain_unpause(xen, domain.Id);
                if (state == Unsure) pauses++;
            }

            note.Remove();
            return pauses;
        }
    }

    /// <summary>Runs an action that makes libxenctrl pause the domain once more.</summary>
    public T Doubling<T>(Func<T> action)
    {
        Note(Doubled);
        try
        {
            return action();
        }
        finally
        {
            Note(Held);
        }
    }

    private static string[] Words(XenDomain domain) =>
        [Kind, domain.Id.ToString(CultureInfo.InvariantCulture), domain.Uuid.ToString("N")];

    private static DomainInfo? Ask(XenCtrlHandle xen, XenDomain domain) =>
        XenCtrl.xc_domain_getinfolist(xen, domain.Id, 1, out DomainInfo info) == 1 && info.Domain == domain.Id ? info : null;

    /// <param name="xen">The connection.</param>
    /// <param name="domain">The domain.</param>
    /// <param name="isStart">It has never run; it must not be paused without a note.</param>
    /// <returns>Null, with errno set: Xen refused.</returns>
    private static XenPause? Begin(XenCtrlHandle xen, XenDomain domain, bool isStart = false)
    {
        lock (Gate)
        {
            if (!Pauses.TryGetValue(domain.Id, out XenPause? pause))
            {
                // Otherwise it would be taken for somebody else's.
                UndoAbandoned(xen, domain);
                pause = new XenPause(xen, domain, isStart);
                if (isStart && !pause._note.IsWritten) return null;
                if (XenCtrl.xc_domain_pause(xen, domain.Id) < 0)
                {
                    int errno = Marshal.GetLastPInvokeError();
                    pause._note.Remove();
                    Marshal.SetLastPInvokeError(errno);
                    return null;
                }

                pause.Note(Held);
                Pauses.Add(domain.Id, pause);
            }

            pause._users++;
            return pause;
        }
    }

    private void Note(string state) => _note.Change([.. _domain, state, _before]);

    /// <returns>
    /// False, with errno set: Xen refused. The note then stays for whoever comes when this process is gone.
    /// </returns>
    private bool TryEnd(XenCtrlHandle xen, XenDomain domain)
    {
        lock (Gate)
        {
            if (--_users > 0) return true;
            Pauses.Remove(domain.Id);
            Note(Unsure);
            if (XenCtrl.xc_domain_unpause(xen, domain.Id) >= 0)
            {
                _note.Remove();
                return true;
            }

            int errno = Marshal.GetLastPInvokeError();
            if ((Errno)errno == Errno.ESRCH) _note.Remove();
            else Note(Held);
            Marshal.SetLastPInvokeError(errno);
            return false;
        }
    }

    private sealed class StartHold(XenCtrlHandle xen, XenDomain domain, XenPause pause) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0) pause.TryEnd(xen, domain);
        }
    }
}
