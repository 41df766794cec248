using System.Management.Automation;
using XenVmEvent.Events;
using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;

namespace XenVmEvent.PS;

/// <summary>
/// Test-XenVmEventPolicy: says whether a policy is valid, or what is wrong with it; with recordings, what its rules would
/// have done.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "XenVmEventPolicy")]
[OutputType(typeof(PolicyTestResult), typeof(RuleTrial), typeof(RuleVerdict))]
public sealed class TestXenVmEventPolicyCommand : RecordingCmdlet
{
    /// <summary>The files of policies.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string[] Policy { get; set; } = [];

    /// <summary>The recordings on which to try the policy, with or without wildcards.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Recording { get; set; } = [];

    /// <summary>With -Recording: return each event with the rule that fits it.</summary>
    [Parameter]
    public SwitchParameter Detailed { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => Require(Policy, () =>
    {
        if (!Detailed || Recording.Length > 0) return;
        throw new XenException(XenErrorId.InvalidArgument, "-Detailed shows the events of a recording, and none was named.", "Name one with -Recording, or leave -Detailed out.");
    });

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string path in Policy) Report(path, () => Test(path));
    }

    private void Test(string path)
    {
        if (Recording.Length == 0)
        {
            string file = PolicyPath.Resolve(this, path);
            VmEventPolicy? policy = PolicyFile.Read(file, out IReadOnlyList<PolicyProblem> problems);
            WriteObject(new PolicyTestResult(file, policy, problems));
            return;
        }

        PolicyTrial trial = new(PolicyPath.Read(this, path));
        foreach (string recording in Recording) ReadAll(recording, selection: null, vmEvent => Try(trial, vmEvent));
        if (Stopped.IsCancellationRequested) return;
        if (trial.OtherGuests > 0) WriteWarning($"{trial.OtherGuests} events are of guests that the policy in '{path}' is not for.");
        if (!Detailed) WriteObject(trial.Results, enumerateCollection: true);
    }

    private void Try(PolicyTrial trial, VmEvent vmEvent)
    {
        RuleVerdict? verdict = trial.Add(vmEvent);
        if (Detailed) WriteObject(verdict ?? new RuleVerdict(vmEvent));
    }
}
