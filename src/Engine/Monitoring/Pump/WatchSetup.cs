namespace XenVmEvent.Monitoring;

/// <summary>Turns on what watches need, and gives it back: switches, pages and breakpoints. Used by the pump's thread.</summary>
internal sealed class WatchSetup(EventSwitches switches, SessionViews views, GuestBreakpoints breakpoints)
{
    /// <summary>Turns on the switches of watches, or none if one fails.</summary>
    public void Enable(IReadOnlyList<FilteredWatch> watches)
    {
        int done = 0;
        try
        {
            for (; done < watches.Count; done++) switches.Enable(watches[done].Watch);
        }
        catch
        {
            while (done > 0) switches.Disable(watches[--done].Watch);
            throw;
        }
    }

    /// <summary>Restricts the pages and sets the breakpoints of a watch, one step at a time.</summary>
    public IEnumerable<int> ChangeGuest(FilteredWatch one)
    {
        if (one.Filter.Sites is { } sites) breakpoints.Add(sites);
        return one.Filter.Pages is { } pages ? views.Add(pages, one.Filter) : [];
    }

    /// <summary>Gives back everything that a watch needed, one step at a time.</summary>
    public IEnumerable<int> GiveBack(FilteredWatch one)
    {
        // A breakpoint that nobody is told of would be the guest's.
        if (one.Filter.Sites is { } sites) breakpoints.Remove(sites);
        switches.Disable(one.Watch);
        return one.Filter.Pages is { } pages ? views.Remove(pages) : [];
    }
}
