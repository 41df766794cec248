using System.CommandLine;
using XenVmEvent.Policy;
using XenVmEvent.PolicyFiles;

namespace XenVmEvent.Cli;

/// <summary>The command line of <c>xenvmevent check</c>.</summary>
internal static class CheckCommand
{
    /// <summary>How the command is called.</summary>
    public const string Usage = "xenvmevent check <policy> [--recording <file>] [--detailed] [--format json]";

    private static readonly Argument<string> Policy = new("policy") { Description = "The policy's file, YAML or JSON.", HelpName = "file" };
    private static readonly Option<string?> Recording = new("--recording")
    {
        Description = "Try the policy on this recording: what each rule would have done.",
        HelpName = "file",
    };

    private static readonly Option<bool> Detailed = new("--detailed") { Description = "With --recording: print every event with the rule that fits it." };
    private static readonly Option<OutputFormat> Format = new("--format")
    {
        Description = "text, for people, or json, one object per line.",
        HelpName = "format",
        CustomParser = XenVmEventCommand.ParseFormat,
    };

    /// <summary>The command, to be added to the root.</summary>
    public static Command Create()
    {
        Command command = new("check", "Checks a policy, and tries it on a recording.") { Policy, Recording, Detailed, Format };
        command.Validators.Add(result =>
        {
            if (result.GetResult(Detailed) is not null && result.GetResult(Recording) is null) result.AddError("--detailed needs --recording.");
        });
        command.SetAction(parsed => new CheckRun(
            parsed.GetRequiredValue(Policy), parsed.GetValue(Recording), parsed.GetValue(Detailed), parsed.GetValue(Format)).Run());
        return command;
    }
}

/// <summary>Checks a policy, and tries it on a recording.</summary>
internal sealed class CheckRun(string policyPath, string? recordingPath, bool isDetailed, OutputFormat format)
{
    /// <returns>The process's exit code: success if the policy is valid and the whole recording was read.</returns>
    public int Run()
    {
        using Stream stream = StandardOutput.Open();
        int code = ExitCode.Success;
        XenException? unwritten = StandardOutput.Attempt(() =>
        {
            using PolicyTrialWriter output = new(stream, format);
            code = Check(output);
        });
        return unwritten is null ? code : throw unwritten;
    }

    private int Check(PolicyTrialWriter output)
    {
        if (PolicyFile.Read(policyPath, out IReadOnlyList<PolicyProblem> problems) is not { } policy)
        {
            foreach (PolicyProblem problem in problems) output.Write(policyPath, problem);
            return ExitCode.Failure;
        }

        if (recordingPath is not null) return Try(policy, recordingPath, output) ? ExitCode.Success : ExitCode.Failure;
        output.WriteValid(policyPath, policy);
        return ExitCode.Success;
    }

    /// <returns>Whether the whole recording was read.</returns>
    private bool Try(VmEventPolicy policy, string path, PolicyTrialWriter output)
    {
        PolicyTrial trial = new(policy);
        bool isWhole = RecordedEvents.Read(path, vmEvent =>
        {
            RuleVerdict? verdict = trial.Add(vmEvent);
            if (isDetailed) output.Write(vmEvent, verdict);
        });
        if (!isDetailed) output.Write(policy, trial);
        if (trial.OtherGuests > 0) StandardError.Say($"{trial.OtherGuests} events are of guests that the policy is not for: it is for {string.Join(", ", policy.Domains)}.");
        return isWhole;
    }
}
