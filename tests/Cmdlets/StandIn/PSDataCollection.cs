namespace System.Management.Automation;

/// <summary>What one thread adds and another takes.</summary>
public sealed class PSDataCollection<T>
{
    private readonly List<T> _items = [];

    public int Count
    {
        get
        {
            lock (_items) return _items.Count;
        }
    }

    public void Add(T item)
    {
        lock (_items) _items.Add(item);
    }

    public IReadOnlyList<T> ReadAll()
    {
        lock (_items)
        {
            T[] all = [.. _items];
            _items.Clear();
            return all;
        }
    }
}
