using System.Collections.ObjectModel;

namespace XenVmEvent.Monitoring;

/// <summary>A list that does not change. Its text is its contents, as shown in a table or a file of values.</summary>
internal sealed class TextList<T>(IEnumerable<T> members) : ReadOnlyCollection<T>([.. members])
{
    public override string ToString() => string.Join(", ", Items);
}
