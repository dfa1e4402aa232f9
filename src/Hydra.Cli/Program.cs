using System.Text;
using Hydra.Cli;

if (args is ["validate", ..]) WarmUp.Begin();
var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
var output = new StreamWriter(StandardOutput.Open(), utf8, bufferSize: 1 << 14);
var io = new CliIo
{
    Out = output,
    OpenError = () => new StreamWriter(Console.OpenStandardError(), utf8, bufferSize: 1 << 12) { AutoFlush = true },
    OpenIn = () => Console.In,
    AccountName = () => Environment.UserName,
    AsksInTerminal = static () => !Console.IsInputRedirected,
    Environment = Environment.GetEnvironmentVariable,
    WorkingDirectory = "",
    AsksOutTerminal = static () => !Console.IsOutputRedirected,
    AsksErrorTerminal = static () => !Console.IsErrorRedirected,
    OnInterrupt = Signals.Listen,
    Exit = Environment.Exit,
};
return CommandLine.Run(args, io);
