using System.Collections.Concurrent;
using System.Reflection;

namespace System.Management.Automation;

/// <summary>A subscription to an object's event, which keeps what it gets.</summary>
public sealed class PSEventSubscriber
{
    private readonly object _source;
    private readonly EventInfo _event;
    private readonly Delegate _handler;

    internal PSEventSubscriber(string sourceIdentifier, object source, string eventName)
    {
        SourceIdentifier = sourceIdentifier;
        _source = source;
        _event = source.GetType().GetEvent(eventName)!;
        _handler = Delegate.CreateDelegate(_event.EventHandlerType!, this, GetType().GetMethod(nameof(Take), BindingFlags.Instance | BindingFlags.NonPublic)!);
        All.Add(this);
        _event.AddEventHandler(source, _handler);
    }

    public string SourceIdentifier { get; }

    internal static List<PSEventSubscriber> All { get; } = [];

    internal ConcurrentQueue<EventArgs> Received { get; } = [];

    /// <summary>As Unregister-Event does.</summary>
    internal void Unregister()
    {
        All.Remove(this);
        _event.RemoveEventHandler(_source, _handler);
    }

    private void Take(object? sender, EventArgs arguments) => Received.Enqueue(arguments);
}
