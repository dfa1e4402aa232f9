using System.Text;
using Hydra.Cli;

var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
var output = new StreamWriter(Console.OpenStandardOutput(), utf8, bufferSize: 1 << 14);
var error = new StreamWriter(Console.OpenStandardError(), utf8, bufferSize: 1 << 12) { AutoFlush = true };
var io = new CliIo
{
    Out = output,
    Error = error,
    Environment = Environment.GetEnvironmentVariable,
    WorkingDirectory = "",
    IsOutTerminal = !Console.IsOutputRedirected,
    IsErrorTerminal = !Console.IsErrorRedirected,
    OnInterrupt = Signals.Listen,
    Exit = Environment.Exit,
};
return CommandLine.Run(args, io);
