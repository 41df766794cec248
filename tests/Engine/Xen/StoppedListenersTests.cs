using System.Diagnostics;
using System.Globalization;
using XenVmEvent.Hypervisor.Xen;
using XenVmEvent.Tests.Simulation;
using Xunit;

namespace XenVmEvent.Tests.Xen;

public sealed class StoppedListenersTests
{
    [Fact]
    public void A_process_stands_still_until_it_is_let_go()
    {
        using Process sleeper = Process.Start("sleep", "60");
        try
        {
            using (new StoppedListeners("/proc", [new ListenerSuspect(sleeper.Id, "sleep")])) Assert.Equal('T', StateOf(sleeper.Id));
            Hosts.Until(() => StateOf(sleeper.Id) != 'T');
        }
        finally
        {
            sleeper.Kill();
        }
    }

    [Fact]
    public void Who_was_left_stopped_by_a_process_that_was_killed_goes_on()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, $"What a process holds is noted in {HoldNote.Folder}, which only root can write.");
        using Process left = Process.Start("sleep", "60");
        using Process killed = Process.Start("sleep", "60");
        using Process alive = Process.Start("sleep", "60");
        try
        {
            ProcessIdentity stopped = ProcessIdentity.Of(left.Id)!.Value;
            ProcessIdentity owner = ProcessIdentity.Of(killed.Id)!.Value;
            ProcessIdentity other = ProcessIdentity.Of(alive.Id)!.Value;
            Process.Start("sh", ["-c", $"kill -STOP {left.Id}"]).WaitForExit();
            Hosts.Until(() => StateOf(left.Id) == 'T');
            Directory.CreateDirectory(HoldNote.Folder);
            string note = $"{HoldNote.Folder}/stop.{stopped.Id}.{stopped.StartTime}";
            File.WriteAllText($"{note}.{other.Id}.{other.StartTime}.1", "");
            File.WriteAllText($"{note}.{owner.Id}.{owner.StartTime}.1", "");

            StoppedListeners.UndoAbandoned();
            Assert.Equal('T', StateOf(left.Id)); // Both live.

            killed.Kill();
            killed.WaitForExit();
            StoppedListeners.UndoAbandoned();
            Hosts.Until(() => StateOf(left.Id) != 'T');
            Assert.Equal(other.Id, int.Parse(Assert.Single(Directory.GetFiles(HoldNote.Folder, $"stop.{left.Id}.*")).Split('.')[^3], CultureInfo.InvariantCulture));
        }
        finally
        {
            foreach (string note in Directory.GetFiles(HoldNote.Folder, $"stop.{left.Id}.*")) File.Delete(note);
            left.Kill();
            alive.Kill();
        }
    }

    [Fact]
    public void Nothing_is_noted_of_who_goes_on()
    {
        using Process sleeper = Process.Start("sleep", "60");
        try
        {
            new StoppedListeners("/proc", [new ListenerSuspect(sleeper.Id, "sleep")]).Dispose();
            Assert.Empty(Directory.Exists(HoldNote.Folder) ? Directory.GetFiles(HoldNote.Folder, $"stop.{sleeper.Id}.*") : []);
        }
        finally
        {
            sleeper.Kill();
        }
    }

    [Fact]
    public void Who_is_gone_already_is_no_hindrance() =>
        new StoppedListeners("/proc", [new ListenerSuspect(int.MaxValue, "gone")]).Dispose();

    private static char StateOf(int pid) => File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1][0];
}
