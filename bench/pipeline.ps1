# Measures objects a second through "Watch-XenVmEvent | Measure-Object", from a bare cmdlet that writes the same ones, and
# to a consumer in this process that only counts.
param([string] $Module, [int] $Events, [int] $Repetitions)
$ErrorActionPreference = 'Stop'
$cmdlets = Import-Module $Module -PassThru
$assemblies = 'Engine', 'Simulation' | ForEach-Object { Join-Path (Split-Path $Module) "XenVmEvent.$_.dll" }
Add-Type -Path $assemblies # The module loads the simulator when it is first needed.
(Add-Type -PassThru -ReferencedAssemblies ($assemblies + [psobject].Assembly.Location) -TypeDefinition @'
using System.Management.Automation;
using System.Threading;
using XenVmEvent.Hypervisor;
using XenVmEvent.Monitoring;
[Cmdlet(VerbsCommunications.Write, "Bare")]
public sealed class WriteBareCommand : Cmdlet
{
    [Parameter(Position = 0)] public object[] Objects { get; set; }
    protected override void EndProcessing() { foreach (object one in Objects) WriteObject(one); }
}

public static class Consumer
{
    public static void Count(IHypervisor host, EventWatch watch, int events)
    {
        using (MonitorSession session = MonitorSession.Start(host, host.FindDomain("guest"), new MonitorOptions()))
        using (EventSubscription subscription = session.Watch(watch))
        {
            for (int i = 0; i < events; i++) subscription.Take(Timeout.InfiniteTimeSpan);
        }
    }
}
'@).Assembly | Import-Module

# The guest is as fast as it is answered. The guest of Connect-XenHost -Simulated is slower.
$guest = [XenVmEvent.Simulation.SimulatedDomainOptions]@{
    Id = 1; Name = 'guest'; RoundsPerSecond = 0
    Workload = [XenVmEvent.Simulation.Workload]::new([XenVmEvent.Simulation.GuestActionKind[]]'Cpuid')
}
$simulation = [XenVmEvent.Simulation.SimulationOptions]@{ Domains = [XenVmEvent.Simulation.SimulatedDomainOptions[]]$guest }
$hypervisor = [XenVmEvent.Simulation.SimulatedHypervisor]::new($simulation)
$hostType = $cmdlets.NestedModules.ImplementingAssembly + $cmdlets.ImplementingAssembly |
    Where-Object { $_ } | ForEach-Object { $_.GetType('XenVmEvent.PS.XenHost') } | Where-Object { $_ } | Select-Object -First 1
$null = $hostType.GetMethod('TurnTo').Invoke($null, @($hypervisor))

$objects = @(Watch-XenVmEvent guest -Event Cpuid -First $Events)
$cpuid = [XenVmEvent.Monitoring.EventWatch]@{ Kinds = [XenVmEvent.Abi.VmEventKind[]]'Cpuid' }
$rates = foreach ($repetition in 1..$Repetitions) {
    $watch = Measure-Command { $null = Watch-XenVmEvent guest -Event Cpuid -First $Events | Measure-Object }
    $bare = Measure-Command { $null = Write-Bare $objects | Measure-Object }
    $count = Measure-Command { [Consumer]::Count($hypervisor, $cpuid, $Events) }
    [pscustomobject]@{ watch = $Events / $watch.TotalSeconds; bare = $Events / $bare.TotalSeconds; inProcess = $Events / $count.TotalSeconds }
}
ConvertTo-Json @($rates) -Compress
