using System.Collections;

namespace XenVmEvent.Tests.Faults;

/// <summary>A caller's list that may throw when it is read to its end.</summary>
internal sealed class FaultyList<T>(T[] items, bool fails) : IReadOnlyList<T>
{
    public int Count => items.Length;

    public T this[int index] => items[index];

    public IEnumerator<T> GetEnumerator()
    {
        foreach (T item in items) yield return item;
        if (fails) throw new FaultyListException();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
