namespace XenVmEvent.Policy;

/// <summary>Finds the name that somebody may have meant.</summary>
internal static class NearestName
{
    private const int LongestName = 64;

    /// <summary>Ends a sentence about an unknown name: <c>: did you mean 'newValue'?</c>, or a full stop.</summary>
    public static string Question(string name, IEnumerable<string> known) => Find(name, known) is { } near ? $": did you mean '{near}'?" : ".";

    /// <summary>The known name that differs least; null if all differ in more than a third of their letters.</summary>
    public static string? Find(string name, IEnumerable<string> known)
    {
        if (name.Length > LongestName) return null;
        string? nearest = null;
        int least = Math.Max(2, name.Length / 3) + 1;
        foreach (string one in known)
        {
            int distance = Distance(name, one);
            if (distance >= least) continue;
            least = distance;
            nearest = one;
        }

        return nearest;
    }

    /// <summary>How many letters have to be inserted, removed or replaced. Case does not count.</summary>
    private static int Distance(string one, string other)
    {
        if (other.Length > LongestName) return int.MaxValue;
        Span<int> row = stackalloc int[LongestName + 1];
        for (int i = 0; i <= other.Length; i++) row[i] = i;
        for (int i = 0; i < one.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < other.Length; j++)
            {
                int replaced = diagonal + (char.ToLowerInvariant(one[i]) == char.ToLowerInvariant(other[j]) ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(replaced, Math.Min(row[j], row[j + 1]) + 1);
            }
        }

        return row[other.Length];
    }
}
