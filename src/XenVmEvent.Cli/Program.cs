using XenVmEvent.Cli;

StandardStreams.Claim();
return XenVmEventCommand.Run(args);
