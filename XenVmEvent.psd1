@{
    RootModule           = 'XenVmEvent.PS.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '0c7e4b7e-3f0a-4c55-9c1e-5f2a8d1b7e60'
    Author               = 'The XenVmEvent authors'
    CompanyName          = 'The XenVmEvent authors'
    Copyright            = '(c) The XenVmEvent authors. MIT License.'
    Description          = 'Watch and steer Xen guests from dom0: page accesses, control registers, CPUID, breakpoints and more, as objects in the pipeline.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    # XenVmEvent.Types.ps1xml names its types.
    RequiredAssemblies   = @('XenVmEvent.Engine.dll')
    FormatsToProcess     = @('XenVmEvent.Format.ps1xml')
    TypesToProcess       = @('XenVmEvent.Types.ps1xml')
    FunctionsToExport    = @()
    CmdletsToExport      = @(
        'Connect-XenHost'
        'Disable-XenMonitor'
        'Enable-XenMonitor'
        'Export-XenVmEvent'
        'Export-XenVmEventReport'
        'Get-XenDomain'
        'Get-XenMemAccess'
        'Get-XenMemoryView'
        'Get-XenMonitor'
        'Get-XenMonitorAgent'
        'Get-XenVmEventHost'
        'Get-XenVmEventPolicy'
        'Import-XenVmEvent'
        'Measure-XenVmEvent'
        'New-XenMemoryView'
        'Read-XenMemory'
        'Receive-XenVmEvent'
        'Register-XenVmEvent'
        'Remove-XenMemoryView'
        'Remove-XenVmEventPolicy'
        'Reset-XenMonitor'
        'Set-XenMemAccess'
        'Set-XenVmEventPolicy'
        'Set-XenVmEventResponse'
        'Switch-XenMemoryView'
        'Test-XenMonitor'
        'Test-XenVmEventPolicy'
        'Watch-XenMemAccess'
        'Watch-XenVmEvent'
    )
    VariablesToExport    = @()
    AliasesToExport      = @('ConvertTo-XenVmEventReport')
    PrivateData          = @{
        PSData = @{
            Tags         = @('Xen', 'vm_event', 'altp2m', 'hypervisor', 'introspection', 'monitoring', 'security', 'Linux', 'PSEdition_Core')
            LicenseUri   = 'https://opensource.org/license/mit'
            ReleaseNotes = 'The first release. Get-Help about_XenVmEvent is the place to start; Connect-XenHost -Simulated needs no Xen.'
        }
    }
}
