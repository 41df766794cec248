using System.Globalization;
using XenVmEvent.Fleet;

// fleet send SERVER SPOOL FIRST: sends numbered events until it is killed, and prints how many it has given away.
// fleet finish SERVER SPOOL APART FILES: sends the rest of killed senders, and checks what they printed into FILES.
// fleet speed SERVER FOLDER EVENTS: how fast one host sends, beside a loop that does nothing else.
// fleet hosts SERVER FOLDER HOSTS SECONDS RATES: many hosts at steady rates; whether all arrives, and what it takes.
// fleet read SERVER: receives everything, and what it takes.
// fleet delay SERVER PROCESS FOLDER RATE SECONDS: how long a guest waits, with and without outputs.
return args switch
{
    ["send", var server, var spool, var first] => Sender.Run(server, spool, Number(first)),
    ["finish", var server, var spool, var apart, .. var taken] => Finish.Run(server, spool, Number(apart), taken),
    ["speed", var server, var folder, var events] => Speed.Run(server, folder, Number(events)),
    ["hosts", var server, var folder, var hosts, var seconds, .. var rates] => Hosts.Run(server, folder, Number(hosts), Number(seconds), [.. rates.Select(Number)]),
    ["read", var server] => Receiver.Run(server),
    ["delay", var server, var process, var folder, var rate, var seconds] => Delay.Run(server, Number(process), folder, Number(rate), Number(seconds)),
    _ => Usage(),
};

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static int Usage()
{
    Console.Error.WriteLine("fleet send SERVER SPOOL FIRST | finish SERVER SPOOL APART FILES | speed SERVER FOLDER EVENTS | hosts SERVER FOLDER HOSTS SECONDS RATES | read SERVER | delay SERVER PROCESS FOLDER RATE SECONDS");
    return 2;
}
