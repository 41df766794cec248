using System.Management.Automation;
using XenVmEvent.Abi;
using XenVmEvent.Events;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;

namespace XenVmEvent.PS;

/// <summary>Watch-XenVmEvent: writes an event when a guest does something of the kinds named.</summary>
[Cmdlet(VerbsCommon.Watch, "XenVmEvent", SupportsShouldProcess = true)]
[OutputType(typeof(VmEvent))]
public sealed class WatchXenVmEventCommand : WatchCmdlet
{
    /// <summary>The kinds of event. Page access has its own cmdlet, Watch-XenMemAccess.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    public VmEventKind[] Event { get; set; } = [];

    /// <summary>For WriteControlRegister: which registers.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public ControlRegister[] Register { get; set; } = [ControlRegister.CR0, ControlRegister.CR3, ControlRegister.CR4];

    /// <summary>For WriteControlRegister: writes that change only these bits raise no event.</summary>
    [Parameter]
    [BitPatternTransformation]
    public ulong IgnoredBits { get; set; }

    /// <summary>For MovToMsr: the numbers of the registers, as in 0xc0000082.</summary>
    [Parameter]
    [BitPatternTransformation]
    [ValidateNotNullOrEmpty]
    public uint[] Msr { get; set; } = [];

    /// <summary>For WriteControlRegister and MovToMsr: writing the same value raises no event.</summary>
    [Parameter]
    public SwitchParameter OnChangeOnly { get; set; }

    private protected override string Action => $"Watch {string.Join(", ", Event)}";

    /// <inheritdoc/>
    protected override void BeginProcessing() => Require(Event, () =>
    {
        if (Event.Contains(VmEventKind.MemAccess))
        {
            throw new XenException(XenErrorId.NotSupported, "MemAccess events are watched by pages.", "Use Watch-XenMemAccess.");
        }

        if (Event.Contains(VmEventKind.MovToMsr) && Msr.Length == 0)
        {
            throw new XenException(XenErrorId.NotSupported, "MovToMsr events are watched by register, and none was named.", "Name registers with -Msr.");
        }
    });

    private protected override EventWatch CreateWatch() => new()
    {
        Kinds = Event,
        ControlRegisters = Register,
        ControlRegisterOptions = new ControlRegisterOptions(IgnoredBits, OnChangeOnly, Sync: true),
        Msrs = Msr,
        MsrOnChangeOnly = OnChangeOnly,
    };
}
