using XenVmEvent.Events;
using XenVmEvent.Recording;

namespace XenVmEvent.Simulation;

/// <summary>A simulated host whose guests raise the events of a recording.</summary>
public static class RecordedHost
{
    /// <summary>The pages of 64 GiB: more are not simulated, and accesses to them are not replayed.</summary>
    private const ulong MostPages = 1 << 24;

    private const ulong FewestPages = 4096;

    /// <summary>Reads a whole recording to simulate its host and its domains.</summary>
    /// <param name="path">The recording.</param>
    /// <param name="isFast">Raise events as fast as they are answered, instead of at the recorded pace.</param>
    /// <exception cref="XenException">
    /// <see cref="XenErrorId.RecordingFailed"/>: it cannot be read. <see cref="XenErrorId.InvalidRecording"/>: it has
    /// no events, or events that one host cannot raise.
    /// </exception>
    public static SimulationOptions Open(string path, bool isFast = false)
    {
        VmEvent? first = null;
        Dictionary<string, (uint Id, uint VCpus, ulong Pages)> domains = [];
        foreach (VmEvent vmEvent in Read(path))
        {
            first ??= vmEvent;
            if (vmEvent.Request.Layout != first.Request.Layout || vmEvent.Architecture != first.Architecture)
                throw RecordingErrors.CannotReplay(path, "its events are from hosts with different interface versions or architectures");
            if (vmEvent.VCpu >= SimulatedDomainOptions.MostVCpus)
                throw RecordingErrors.CannotReplay(path, $"it has a vCPU {vmEvent.VCpu}, and at most {SimulatedDomainOptions.MostVCpus} are simulated");
            (uint _, uint vcpus, ulong pages) = domains.GetValueOrDefault(vmEvent.Domain, (0u, 0u, FewestPages));
            ulong needed = vmEvent is MemAccessEvent { Gfn: < MostPages } access ? access.Gfn + 1 : 0;

            // After a reboot a domain has another id: the last one counts.
            domains[vmEvent.Domain] = (vmEvent.DomainId, Math.Max(vcpus, vmEvent.VCpu + 1), Math.Max(pages, needed));
        }

        if (first is null) throw RecordingErrors.CannotReplay(path, "it has no events");
        if (domains.Values.Any(d => d.Id == 0) || domains.Values.DistinctBy(d => d.Id).Count() < domains.Count || domains.Keys.Any(string.IsNullOrWhiteSpace))
            throw RecordingErrors.CannotReplay(path, "its domains have ids or names that one host's domains cannot have");
        return new SimulationOptions
        {
            InterfaceVersion = first.Request.Layout.Version,
            Architecture = first.Architecture,
            Domains =
            [
                .. domains.Select(d => new SimulatedDomainOptions
                {
                    Id = d.Value.Id,
                    Name = d.Key,
                    VCpus = (int)d.Value.VCpus,
                    Pages = (int)d.Value.Pages,
                    Workload = Workload.Idle,
                    Trace = Read(path).Where(e => e.Domain == d.Key).Select(e => new TraceEntry(e.Time - first.Time, e.Request.Bytes.ToArray())),
                    IsTraceFast = isFast,
                }),
            ],
        };
    }

    private static IEnumerable<VmEvent> Read(string path)
    {
        using RecordingReader recording = RecordingReader.Open(path);
        XenException? broken = null;
        bool any = false;
        while (ReadPast(recording, ref broken) is { } vmEvent)
        {
            any = true;
            yield return vmEvent;
        }

        if (!any && broken is not null) throw broken;
    }

    /// <summary>Skips whatever is not an event, such as damage.</summary>
    private static VmEvent? ReadPast(RecordingReader recording, ref XenException? broken)
    {
        while (true)
        {
            try
            {
                return recording.Read();
            }
            catch (XenException e) when (e.Id == XenErrorId.InvalidRecording)
            {
                broken = e;
            }
        }
    }
}
