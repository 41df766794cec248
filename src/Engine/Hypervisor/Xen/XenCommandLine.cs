namespace XenVmEvent.Hypervisor.Xen;

/// <summary>The words that Xen was booted with.</summary>
internal static class XenCommandLine
{
    /// <summary>
    /// Whether it switches a boolean option on, as Xen reads it: altp2m, altp2m=1, yes, on, true or enable; the last that
    /// names it decides.
    /// </summary>
    public static bool SwitchesOn(string commandLine, string option)
    {
        bool on = false;
        foreach (string word in commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word == option) on = true;
            else if (word == "no-" + option) on = false;
            else if (word.StartsWith(option + "=", StringComparison.Ordinal)) on = word[(option.Length + 1)..] is "1" or "yes" or "on" or "true" or "enable";
        }

        return on;
    }
}
