using XenVmEvent.Hypervisor;

namespace XenVmEvent.Bench;

/// <summary>The goals, and how far the results are from them.</summary>
internal static class Goals
{
    public static void Print(Results results, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine("| Goal | Measured | |");
        output.WriteLine("| --- | ---: | --- |");
        foreach ((int vcpus, double least) in ((int, double)[])[(1, 5), (4, 4), (16, 4)])
        {
            AtLeast($"events a second of xenvmevent by xen-access's, {SideBySide.CountOf(vcpus)}: at least {least}", least, Ratio(
                SideBySide.NameOf(SideBySide.Ring, vcpus, SideBySide.Rate), SideBySide.NameOf(SideBySide.XenAccess, vcpus, SideBySide.Rate)));
        }

        foreach (int vcpus in SideBySide.VCpus)
        {
            AtLeast($"the same on one processor, {SideBySide.CountOf(vcpus)}: at least 1.5", 1.5, OnOne(SideBySide.Rate));
            AtMost($"median round trip by xen-access's on one processor, {SideBySide.CountOf(vcpus)}: at most 1", 1, OnOne(SideBySide.Median));
            AtMost($"p99 round trip by xen-access's on one processor, {SideBySide.CountOf(vcpus)}: at most 1", 1, OnOne(SideBySide.P99));

            double? OnOne(string what) => Ratio(
                SideBySide.NameOf(SideBySide.Ring, vcpus, what, onOneProcessor: true), SideBySide.NameOf(SideBySide.XenAccess, vcpus, what, onOneProcessor: true));
        }

        foreach (int vcpus in (int[])[1, 4])
        {
            AtLeast($"events a second in process by the floor's round trips, {SideBySide.CountOf(vcpus)}: at least 0.6", 0.6, Ratio(
                Engine.NameOf(ChannelPreference.Ring, vcpus), Floor.Looking));
        }

        AtLeast("events a second in process, slotted by the ring's, 16 vCPUs: at least 1.5", 1.5, Ratio(
            Engine.NameOf(ChannelPreference.Slotted, 16), Engine.NameOf(ChannelPreference.Ring, 16)));
        foreach (int vcpus in Formats.VCpus)
        {
            foreach ((string format, double least) in ((string, double)[])[(Formats.Text, 0.7), (Formats.Json, 0.5), (Formats.Compressed, 0.4)])
                AtLeast($"{Formats.NameOf(format, vcpus)}: at least {least}", least, results.Find(Formats.NameOf(format, vcpus)));
        }

        AtLeast("Watch-XenVmEvent | Measure-Object by the rate in process, 1 vCPU: at least 0.8", 0.8, Ratio(
            Pipeline.Watch, Pipeline.InProcess));
        AtLeast("events a second slotted by the ring's, 16 vCPUs: at least 1.5", 1.5, Ratio(
            SideBySide.NameOf(SideBySide.Slotted, 16, SideBySide.Rate), SideBySide.NameOf(SideBySide.Ring, 16, SideBySide.Rate)));
        foreach (int vcpus in SideBySide.VCpus)
        {
            AtMost($"p99 round trip of xenvmevent by xen-access's, {SideBySide.CountOf(vcpus)}: at most 1", 1, Ratio(
                SideBySide.NameOf(SideBySide.Ring, vcpus, SideBySide.P99), SideBySide.NameOf(SideBySide.XenAccess, vcpus, SideBySide.P99)));
        }

        foreach (int vcpus in (int[])[1, 4])
            AtLeast($"{GuardCost.NameOf(vcpus)}: at least 0.95", 0.95, results.Find(GuardCost.NameOf(vcpus)));

        AtMost("nanoseconds that ten rules add to an event: at most 300", 300, results.Find(RuleCost.TenRules));
        AtMost("bytes for an event that a rule answers and does not show: 0", 0.5, results.Find(RuleCost.Bytes));
        AtMost("objects for a delivered event: at most 1", 1, results.Find(Engine.ObjectsPerDelivered));
        AtMost("bytes for an event nobody wants: 0", 0.5, results.Find(Engine.BytesPerUnwanted));
        AtMost("growth of memory over 10 million events: at most 1 MB", 1, results.Find(Engine.MemoryGrowth));
        AtMost("memory for all pages of a guest of 64 GiB: below 32 MiB", 32, results.Find(LargeGuest.Memory));
        AtMost("wait of a vCPU while a view of 64 GiB is made: below its deadline, 1000 ms", 1000, results.Find(LargeGuest.Wait));
        AtMost("memory of a session, one of 1,000: at most 200 KiB", 200, results.Find(Sessions.Memory));
        AtMost("threads of a session, one of 1,000: at most 1", 1, results.Find(Sessions.Threads));
        AtMost("time to start a session, one of 1,000: at most 2 ms", 2, results.Find(Sessions.Start));
        AtMost("longest hold of the first events by that of later ones, xenvmevent: at most 10", 10, Ratio(FirstEvents.Command, FirstEvents.CommandLater));
        AtMost("longest hold of the first events by that of later ones, PowerShell: at most 50", 50, Ratio(FirstEvents.Shell, FirstEvents.ShellLater));
        AtMost("first event answered by Set-XenVmEventResponse: at most 50 ms", 50, results.Find(FirstEvents.Held));
        AtMost("processor time per second of an idle session: at most 20 µs", 20, results.Find(Sessions.Idle));
        AtMost("xenvmevent --help by a program that does nothing: at most 3", 3, Ratio(StartTime.Help, StartTime.Nothing));
        AtMost("Import-Module beyond an empty module: at most 60 ms", 60, results.Find(ImportTime.Module));

        double? Ratio(string name, string other) => results.Find(name) / results.Find(other);

        void AtLeast(string goal, double least, double? measured) => Say(goal, measured, measured >= least);

        void AtMost(string goal, double most, double? measured) => Say(goal, measured, measured <= most);

        void Say(string goal, double? measured, bool reached)
        {
            if (measured is { } value) output.WriteLine($"| {goal} | {Results.Round(value)} | {(reached ? "reached" : "missed")} |");
        }
    }
}
