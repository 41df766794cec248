using XenVmEvent.Cli;

return XenVmEventCommand.Run(args);
