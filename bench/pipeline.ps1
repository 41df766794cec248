# Measures objects a second through "Watch-XenVmEvent | Measure-Object", and from a bare cmdlet that writes the same ones.
param([string] $Module, [int] $Events, [int] $Repetitions)
$ErrorActionPreference = 'Stop'
$cmdlets = Import-Module $Module -PassThru
(Add-Type -PassThru -TypeDefinition @'
using System.Management.Automation;
[Cmdlet(VerbsCommunications.Write, "Bare")]
public sealed class WriteBareCommand : Cmdlet
{
    [Parameter(Position = 0)] public object[] Objects { get; set; }
    protected override void EndProcessing() { foreach (object one in Objects) WriteObject(one); }
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
$rates = foreach ($repetition in 1..$Repetitions) {
    $watch = Measure-Command { $null = Watch-XenVmEvent guest -Event Cpuid -First $Events | Measure-Object }
    $bare = Measure-Command { $null = Write-Bare $objects | Measure-Object }
    [pscustomobject]@{ watch = $Events / $watch.TotalSeconds; bare = $Events / $bare.TotalSeconds }
}
ConvertTo-Json @($rates) -Compress
