using System.Collections;
using System.Management.Automation;
using System.Reflection;
using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.PS;

/// <summary>
/// The events of a job that Receive-Job may take: the first of those that wait. They are loaded and made objects only
/// when they are taken. PowerShell's own list would keep every event in memory, and takes a minute to return 400,000.
/// </summary>
/// <param name="events">All events that wait.</param>
internal sealed class SpooledOutput(EventSpool events) : IList<PSObject?>
{
    private int _count;

    public int Count => _count;

    public bool IsReadOnly => false;

    public PSObject? this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _count);
            return ToObject(events.Peek(index));
        }

        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Makes this list a job's output. Only PowerShell itself can make an output of another kind of list; if it no
    /// longer does, there is none.
    /// </summary>
    public PSDataCollection<PSObject>? ToCollection() =>
        typeof(PSDataCollection<PSObject>).GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public, [typeof(IList<PSObject>)])
            ?.Invoke([this]) as PSDataCollection<PSObject>;

    /// <summary>The next event that waits may be taken; the argument stands for it.</summary>
    public void Add(PSObject? item) => _count++;

    public void Insert(int index, PSObject? item)
    {
        if (index != _count) throw new NotSupportedException("Events are added one after the other.");
        _count++;
    }

    public void RemoveAt(int index)
    {
        if (index != 0) throw new NotSupportedException("Events are taken one after the other.");
        events.Take();
        _count--;
    }

    public void Clear()
    {
        while (_count > 0) RemoveAt(0);
    }

    public void CopyTo(PSObject?[] array, int arrayIndex)
    {
        for (int i = 0; i < _count; i++) array[arrayIndex + i] = this[i];
    }

    public IEnumerator<PSObject?> GetEnumerator()
    {
        for (int i = 0; i < _count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public int IndexOf(PSObject? item) => throw new NotSupportedException();

    public bool Contains(PSObject? item) => throw new NotSupportedException();

    public bool Remove(PSObject? item) => throw new NotSupportedException();

    private static PSObject? ToObject(VmEvent? vmEvent) => vmEvent is null ? null : PSObject.AsPSObject(vmEvent);
}
