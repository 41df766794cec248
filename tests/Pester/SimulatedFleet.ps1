# A fleet on this machine: a real redis-server with the streams of two hosts, and a real agent on a simulated host. Needs
# SimulatedHost.ps1, and the cmdlets on a simulated host.

function Test-Redis { [bool] (Get-Command redis-server, redis-cli -CommandType Application -ErrorAction Ignore).Count }

# Starts both in a folder, which the caller removes.
function Start-SimulatedFleet([string] $Folder) {
    $null = New-Item -ItemType Directory -Force $Folder
    $socket = Join-Path $Folder 'redis.sock'
    $fleet = @{ Redis = "!$socket"; Agent = Join-Path $Folder 'agent.sock' }
    $fleet.Server = [Diagnostics.Process]::Start('redis-server', [string[]] @('--port', '0', '--unixsocket', $socket, '--dir', $Folder, '--save', '', '--logfile', (Join-Path $Folder 'redis.log')))
    Wait-Condition { "$(redis-cli -s $socket ping 2>&1)" -eq 'PONG' } | Should -BeTrue -Because 'redis-server starts'
    Watch-XenVmEvent web01 -Event Cpuid -First 4 | Export-XenVmEvent "$Folder/web01.jsonl"
    $count = @{ 'dom0-1' = 1L -shl 44; 'dom0-2' = 1L -shl 44 }
    $policyHash = 'a' * 64
    $name = 'dom0-2'
    foreach ($line in Get-Content "$Folder/web01.jsonl") {
        $name = $name -eq 'dom0-1' ? 'dom0-2' : 'dom0-1'
        $time = [DateTimeOffset]::UtcNow
        $number = ++$count[$name]
        $event = $line -replace '"time":"[^"]*"', "`"time`":`"$($time.ToString('O'))`""
        $null = redis-cli -s $socket XADD "xenvmevent:$name" "$($time.ToUnixTimeMilliseconds())-$number" line $event
        $number = ++$count[$name]
        $note = "{`"started`":`"$($time.ToString('O'))`",`"previous`":null,`"complete`":true,`"version`":`"0.1.0`",`"policyHash`":`"$policyHash`",`"clockSkew`":1.5}"
        $null = redis-cli -s $socket XADD "xenvmevent:$name" "$($time.ToUnixTimeMilliseconds())-$number" line $note
    }
    Start-SimulatedAgent $Folder $fleet
    $fleet
}

function Start-SimulatedAgent([string] $Folder, [hashtable] $Fleet) {
    $null = New-Item -ItemType Directory -Force "$Folder/policies.d"
    Set-Content "$Folder/policies.d/leaves.yaml" 'version: 1', 'name: leaves', "domains: ['*']", 'rules:', '- {name: leaf, event: Cpuid}'
    Set-Content "$Folder/agent.yaml" 'version: 1', "status: {socket: $($Fleet.Agent)}", 'outputs:', "  events: {type: file, path: $Folder/events.jsonl}"
    $agent = [Runtime.Loader.AssemblyLoadContext]::Default.LoadFromAssemblyName('XenVmEvent.Agent')
    $problems = $null
    $configuration = $agent.GetType('XenVmEvent.Agent.AgentConfigurationFile')::Read("$Folder/agent.yaml", [string[]] @(), [ref] $problems)
    $problems | Should -BeNullOrEmpty
    $options = [XenVmEvent.Simulation.SimulationOptions]::new()
    # Not script blocks: the agent's threads have no runspace.
    $say = [Delegate]::CreateDelegate([Action[string]], [Collections.Generic.Queue[string]]::new(), 'Enqueue')
    $remedyOf = [Delegate]::CreateDelegate([Func[XenVmEvent.XenException, string]], [Convert].GetMethod('ToString', [type[]] @([object])))
    $log = $agent.GetType('XenVmEvent.Agent.AgentLog')::new($say, $remedyOf)
    $manager = $agent.GetType('XenVmEvent.Agent.ServiceManager')::Find([Func[string, string]] { $null })
    $Fleet.Service = $agent.GetType('XenVmEvent.Agent.AgentService')::new([XenVmEvent.Simulation.SimulatedHypervisor]::new($options), $configuration, $log, $manager)
    $Fleet.Stop = [Threading.CancellationTokenSource]::new()
    $Fleet.Shell = [powershell]::Create().AddScript('param($Service, $Token) $Service.Run($Token)').AddArgument($Fleet.Service).AddArgument($Fleet.Stop.Token)
    $Fleet.Run = $Fleet.Shell.BeginInvoke()
    Wait-Condition { (Test-Path $Fleet.Agent) -and (Get-XenMonitorAgent $Fleet.Agent).Guests.Count -eq 2 } | Should -BeTrue -Because 'the agent starts'
}

function Stop-SimulatedFleet([hashtable] $Fleet) {
    if (-not $Fleet) { return }
    $Fleet.Stop.Cancel()
    $null = $Fleet.Run.AsyncWaitHandle.WaitOne(60000)
    $Fleet.Service.Dispose()
    $Fleet.Shell.Dispose()
    $Fleet.Server.Kill()
    $Fleet.Server.WaitForExit()
}
