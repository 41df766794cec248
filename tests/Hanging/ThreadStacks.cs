using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Runtime;

namespace XenVmEvent.Tests.Hanging;

/// <summary>
/// Says what all managed threads of this process are doing, to explain why a test hangs. It reads a dump that the
/// runtime makes of its own process, which does not need root.
/// </summary>
public static class ThreadStacks
{
    /// <summary>Longer than any machine takes. Reached only if the runtime itself stands still.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Takes the stacks of all managed threads, the innermost method first. It never fails, and ends within minutes.
    /// </summary>
    /// <returns>The stacks as text, with threads of the same stack together; or why they are not available.</returns>
    public static string Take()
    {
        try
        {
            string? stacks = null;
            Exception? failure = null;
            Thread reading = new(() => failure = Catch(() => stacks = Read())) { IsBackground = true, Name = "stacks" };
            reading.Start();
            if (!reading.Join(Longest)) return $"The stacks cannot be had: that took longer than {Longest}.";
            return stacks ?? $"The stacks cannot be had: {failure?.Message}";
        }
        catch (OutOfMemoryException e)
        {
            return $"The stacks cannot be had: {e.Message}";
        }
    }

    private static Exception? Catch(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private static string Read()
    {
        string dump = Path.GetTempFileName();
        try
        {
            WriteDump(dump);
            using DataTarget target = DataTarget.LoadDump(dump);

            // The file beside the runtime is its own; ClrMD finds neither it nor the runtime's version by itself.
            string access = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libmscordaccore.so");
            using ClrRuntime runtime = target.ClrVersions[0].CreateRuntime(access, ignoreMismatch: true);
            return Describe(runtime);
        }
        finally
        {
            File.Delete(dump);
        }
    }

    private static void WriteDump(string file)
    {
        const int MostTries = 5;
        for (int tries = 1; ; tries++)
        {
            try
            {
                new DiagnosticsClient(Environment.ProcessId).WriteDump(DumpType.Normal, file);
                return;
            }
            catch (ServerErrorException) when (tries < MostTries)
            {
                // A thread that ends while it is looked for fails the whole dump.
            }
        }
    }

    private static string Describe(ClrRuntime runtime)
    {
        var text = new StringBuilder();
        foreach (IGrouping<string, string> same in runtime.Threads.Where(t => t.IsAlive).GroupBy(StackOf, NameOf))
        {
            if (same.Key.Length == 0) continue; // The runtime's own.
            text.AppendJoin(", ", same).AppendLine(":").AppendLine(same.Key);
        }

        return text.ToString();
    }

    private static string StackOf(ClrThread thread) =>
        string.Join(Environment.NewLine, thread.EnumerateStackTrace().Where(f => f.Method is not null).Select(f => $"   {f.Method}"));

    private static string NameOf(ClrThread thread)
    {
        string number = string.Create(CultureInfo.InvariantCulture, $"thread {thread.ManagedThreadId}");
        try
        {
            return $"{number} \"{File.ReadAllText($"/proc/self/task/{thread.OSThreadId}/comm").TrimEnd()}\"";
        }
        catch (IOException)
        {
            return number; // It has ended since.
        }
    }
}
