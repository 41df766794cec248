# The simulated host behind the cmdlets' back: what a guest is left with, and hosts other than the usual one.

function Get-SimulatedHost {
    $cmdlets = (Get-Command Connect-XenHost).ImplementingType.Assembly
    $cmdlets.GetType('XenVmEvent.PS.XenHost').GetProperty('Current').GetValue($null)
}

function Get-SimulatedDomain([string] $Name) {
    (Get-SimulatedHost).Domains | Where-Object Name -EQ $Name
}

# Ends all sessions and leaves no host, as at the start of a process; or another host than Connect-XenHost makes.
function Switch-SimulatedHost([hashtable] $Options) {
    $xenHost = (Get-Command Connect-XenHost).ImplementingType.Assembly.GetType('XenVmEvent.PS.XenHost')
    [void] $xenHost.GetMethod('Disconnect').Invoke($null, @())
    if (-not $Options) { return }
    $other = [XenVmEvent.Simulation.SimulatedHypervisor]::new([XenVmEvent.Simulation.SimulationOptions] $Options)
    $xenHost.GetField('_current', 'NonPublic, Static').SetValue($null, $other)
}

# Whether a condition comes true; the bound is for a machine that is broken, not for one that is slow.
function Wait-Condition([scriptblock] $Condition) {
    [Threading.SpinWait]::SpinUntil([Func[bool]] $Condition, [timespan]::FromSeconds(60))
}

# Leaves a guest as a listener does that died while it was asked.
function Suspend-Guest([string] $Name) {
    $guest = Get-SimulatedDomain $Name
    $monitor = (Get-SimulatedHost).EnableMonitor($guest.Identity, 'Ring')
    $monitor.MonitorCpuid($true)
    Wait-Condition { $guest.VCpus[0].IsPaused } | Should -BeTrue
    $monitor.Dispose()
}

# A guest that nobody listens to: no page restricted, no vCPU paused, all of them running on.
function Assert-GuestFree([string[]] $Name) {
    (Get-SimulatedHost).Crash | Should -BeNullOrEmpty
    foreach ($one in $Name) {
        $guest = Get-SimulatedDomain $one
        $guest.EndedBecause | Should -BeNullOrEmpty
        $guest.IsMonitored | Should -BeFalse
        $guest.DefaultMemAccess | Should -Be 'Rwx'
        $restricted = foreach ($gfn in 0..4095) { if ($guest.GetMemAccess($gfn) -ne 'Rwx') { $gfn } }
        $restricted | Should -BeNullOrEmpty
        $guest.Start()
        foreach ($vcpu in $guest.VCpus) {
            $before = $vcpu.Instructions
            Wait-Condition { $vcpu.Instructions -gt $before } | Should -BeTrue -Because "vCPU $($vcpu.Id) runs on"
        }
    }
}

# A PowerShell of its own in a runspace of its own, with the module; what it runs can be stopped, as by Ctrl-C.
function Open-Shell([string] $Script) {
    $state = [initialsessionstate]::CreateDefault2()
    $state.ImportPSModule((Join-Path (Get-Module XenVmEvent).ModuleBase 'XenVmEvent.psd1'))
    [powershell]::Create($state).AddScript($Script)
}
