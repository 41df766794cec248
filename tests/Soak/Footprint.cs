using System.Diagnostics;
using System.Globalization;

namespace XenVmEvent.Soak;

/// <summary>The resources that this process has at a moment.</summary>
/// <param name="HeapMegabytes">Managed memory in use, after a collection.</param>
/// <param name="ResidentMegabytes">Memory in use altogether.</param>
/// <param name="Descriptors">
/// Open descriptors: event channels, libraries' devices, pipes. Not those of .NET's own assemblies, which it opens when
/// it first needs them and keeps.
/// </param>
/// <param name="Mappings">Memory mappings: rings and slots among them.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Children">Processes started and not ended, guards and zombies.</param>
internal sealed record Footprint(double HeapMegabytes, double ResidentMegabytes, int Descriptors, int Mappings, int Threads, int Children)
{
    private const double Megabyte = 1 << 20;

    public static Footprint Take()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        double heap = GC.GetTotalMemory(forceFullCollection: true) / Megabyte;
        int own = Environment.ProcessId;
        int children = Process.GetProcesses().Count(p => IsChildOf(own, p.Id));
        return new Footprint(
            heap,
            Environment.WorkingSet / Megabyte,
            Directory.GetFiles("/proc/self/fd").Count(f => !IsAssembly(f)),
            File.ReadLines("/proc/self/maps").Count(),
            Directory.GetDirectories("/proc/self/task").Length,
            children);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"heap {HeapMegabytes:F1} MB, resident {ResidentMegabytes:F0} MB, {Descriptors} descriptors, {Mappings} mappings, {Threads} threads, {Children} children");

    private static bool IsAssembly(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.Extension == ".dll";
        }
        catch (IOException)
        {
            // The one with which they were listed is closed by now.
            return true;
        }
    }

    private static bool IsChildOf(int parent, int process)
    {
        try
        {
            // "id (name) state parent …", and the name may have any characters.
            string status = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(status[(status.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture) == parent;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
