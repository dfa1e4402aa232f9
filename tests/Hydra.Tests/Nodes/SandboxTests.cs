using System.Net;
using System.Net.Sockets;
using System.Text;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Tests.Nodes;

/// <summary>The same questions to every sandbox that can be used on this machine; and what each keeps out.</summary>
public sealed class SandboxTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-sandbox-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Bubblewrap is installed wherever the tests run (.ci/run), so it is never left out; Docker where its service answers.</summary>
    public static TheoryData<string> All => [.. Sandboxes.All.Where(each => each.Name == "bubblewrap" || each.WhyNot() is null).Select(each => each.Name)];
    public static TheoryData<string> Isolating => [.. All.Where(name => name.Data != "inprocess")];

    private Task<ProcessResult> RunAsync(string name, string command, CancellationToken cancellationToken = default, string input = "") => Sandboxes.Of(name).RunAsync(new ProcessRequest("bash", ["-c", command])
    {
        Input = Encoding.UTF8.GetBytes(input),
        Environment = new Dictionary<string, string> { ["GIVEN"] = "owl" },
        WorkingDirectory = _folder,
        OutputBytesMax = 10_000,
    }, () => { }, cancellationToken);

    private async Task<string> SaysAsync(string name, string command)
    {
        var result = await RunAsync(name, command);
        return $"{result.ExitCode} {Encoding.UTF8.GetString(result.Output).Trim()}";
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_program_is_given_its_input_variables_and_files_and_gives_output_and_exit_code(string name)
    {
        File.WriteAllText(Path.Combine(_folder, "note"), "four");
        var result = await RunAsync(name, "cat; cat note; echo $GIVEN; echo oh >&2; exit 3", input: "in ");
        Assert.Equal((3, "in fourowl\n", "oh"), (result.ExitCode, Encoding.UTF8.GetString(result.Output), result.ErrorTail));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Cancelling_ends_it_and_what_it_started(string name)
    {
        using var cut = new CancellationTokenSource();
        var marker = $"3600.{Random.Shared.Next()}";
        var running = Sandboxes.Of(name).RunAsync(new ProcessRequest("bash", ["-c", $"sleep {marker} & echo on; wait"]) { WorkingDirectory = _folder, OutputBytesMax = 10 }, cut.Cancel, cut.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.DoesNotContain(Directory.EnumerateDirectories("/proc"), folder => CommandLineOf(folder).Contains(marker, StringComparison.Ordinal));
    }

    private static string CommandLineOf(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [Theory]
    [MemberData(nameof(Isolating))]
    public async Task Nothing_can_be_written_but_below_tmp(string name)
    {
        Assert.Equal("0 kept", await SaysAsync(name, "echo kept > /tmp/x && cat /tmp/x"));
        foreach (var path in new[] { "here", "/usr/x", "/etc/x", "/x" }) Assert.StartsWith("1", await SaysAsync(name, $"echo x > {path}"), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [MemberData(nameof(Isolating))]
    public async Task Files_of_others_cannot_be_read(string name)
    {
        var other = Directory.CreateTempSubdirectory("hydra-canary-").FullName;
        File.WriteAllText(Path.Combine(other, "key"), "canary");
        Directory.CreateDirectory(Path.Combine(_folder, ".hydra"));
        File.WriteAllText(Path.Combine(_folder, ".hydra", "journal"), "canary");
        Assert.DoesNotContain("canary", await SaysAsync(name, $"cat {other}/key /etc/shadow ~root/.ssh/* .hydra/* /proc/1/root/{other}/key /proc/*/environ 2>/dev/null; true"), StringComparison.Ordinal);
        Directory.Delete(other, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Isolating))]
    public async Task There_is_no_network_not_even_to_this_machine(string name)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Assert.Equal("0 cut off", await SaysAsync(name, $"(echo hi > /dev/tcp/127.0.0.1/{((IPEndPoint)listener.LocalEndpoint).Port}) 2>/dev/null && echo reached || echo cut off"));
        Assert.False(listener.Pending());
    }

    [Theory]
    [MemberData(nameof(Isolating))]
    public async Task Other_processes_are_out_of_sight_and_there_are_no_rights(string name)
    {
        Assert.Equal($"0 {SandboxLimits.User} 0000000000000000", await SaysAsync(name, "echo $(id -u) $(sed -n 's/^CapEff:\\t//p' /proc/self/status)"));
        Assert.StartsWith("1", await SaysAsync(name, $"kill -0 {Environment.ProcessId}"), StringComparison.Ordinal);
        Assert.StartsWith("0 few", await SaysAsync(name, "[ $(ls -d /proc/[0-9]* | wc -l) -lt 12 ] && echo few"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Isolating))]
    public async Task Memory_and_files_have_limits(string name)
    {
        Assert.DoesNotContain("got it", await SaysAsync(name, "head -c 2000000000 /dev/zero | tail -c 1900000000 > /dev/null && echo got it"), StringComparison.Ordinal);
        Assert.DoesNotContain("got it", await SaysAsync(name, "head -c 400000000 /dev/zero > /tmp/big && echo got it"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Processes_have_a_limit_where_control_groups_can_be_made()
    {
        using var group = ControlGroup.Open();
        Assert.SkipUnless(group.Controllers.Any(name => name.Contains("pids", StringComparison.Ordinal)) || !Environment.IsPrivilegedProcess, "root is held to no other limit of processes");
        var said = await SaysAsync("bubblewrap", "for i in $(seq 300); do sleep 5 & done 2>&1 | grep -c -i 'retry\\|unavailable'; kill $(jobs -p) 2>/dev/null; true");
        Assert.False(said.EndsWith(" 0", StringComparison.Ordinal), said);
    }

    [Fact]
    public void A_sandbox_that_cannot_be_used_says_why_and_what_to_do()
    {
        Assert.Contains("Write inprocess, bubblewrap, docker", Sandboxes.WhyNot("jail"), StringComparison.Ordinal);
        Assert.Contains("needs Docker's command line, which is not here", new Docker("/nowhere/docker").WhyNot(), StringComparison.Ordinal);
        Assert.Contains("finds no Docker that answers", new Docker("false").WhyNot(), StringComparison.Ordinal);
    }

    /// <summary>A command in Docker's place that writes down how it was called; the real one is asked above, where there is one.</summary>
    [Fact]
    public async Task A_container_is_given_no_network_no_rights_and_no_values_on_its_command_line()
    {
        var fake = Path.Combine(_folder, "docker");
        File.WriteAllText(fake, $"#!/bin/sh\necho \"$@\" >> {_folder}/log\ncase $1 in rm) ;; *) echo up; while [ -e {_folder}/wait ]; do sleep 0.05; done;; esac\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(fake, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var request = new ProcessRequest("python3", ["-c", "print(1)"]) { WorkingDirectory = _folder, OutputBytesMax = 100, Image = "own:1", Environment = new Dictionary<string, string> { ["TOKEN"] = "canary" } };
        await new Docker(fake).RunAsync(request, () => { }, CancellationToken.None);
        var called = File.ReadAllText(Path.Combine(_folder, "log"));
        foreach (var part in new[] { "--network none", "--read-only", "--cap-drop ALL", "no-new-privileges", "--pids-limit 128", "--memory 1073741824", "--env TOKEN own:1 python3 -c print(1)" }) Assert.Contains(part, called, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", called, StringComparison.Ordinal);

        File.WriteAllText(Path.Combine(_folder, "wait"), "");
        using var cut = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Docker(fake).RunAsync(request, cut.Cancel, cut.Token));
        Assert.Matches("(?m)^rm --force hydra-[0-9a-f]{32}$", File.ReadAllText(Path.Combine(_folder, "log")));
    }

    [Fact]
    public async Task A_container_that_may_write_does_so_as_whoever_runs_it_and_folders_may_hold_commas()
    {
        var fake = Path.Combine(_folder, "docker");
        File.WriteAllText(fake, $"#!/bin/sh\necho \"$@\" >> {_folder}/log\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(fake, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "a,b")).FullName;
        var own = await Sandboxes.Of("inprocess").RunAsync(new ProcessRequest("sh", ["-c", "echo $(id -u):$(id -g)"]) { WorkingDirectory = _folder, OutputBytesMax = 100 }, () => { }, CancellationToken.None);
        var request = new ProcessRequest("true", []) { WorkingDirectory = folder, OutputBytesMax = 100 };

        await new Docker(fake).RunAsync(request with { Writable = [".", "out"] }, () => { }, CancellationToken.None);
        await new Docker(fake).RunAsync(request, () => { }, CancellationToken.None);

        var called = File.ReadAllLines(Path.Combine(_folder, "log"));
        Assert.Contains($"--user {Encoding.UTF8.GetString(own.Output).Trim()} ", called[0], StringComparison.Ordinal);
        Assert.Contains($"--mount type=bind,\"source={folder}\",target=/folder --workdir /folder --mount type=bind,\"source={folder}/out\",target=/folder/out ", called[0], StringComparison.Ordinal);
        Assert.Contains($"--user {SandboxLimits.User}:{SandboxLimits.User} ", called[1], StringComparison.Ordinal);
        Assert.Contains($"\"source={folder}\",target=/folder,readonly ", called[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_uses_the_sandbox_that_it_was_started_with()
    {
        var run = await YamlRun.OfAsync("name: t\nnodes:\n  - {id: a, type: bash, command: 'touch here 2>/dev/null && echo wrote || echo refused'}\n  - {id: b, type: python_exec, code: \"import os; print(os.getuid())\"}\n",
            new FunctionRegistry(), new RunRequest { Sandbox = "bubblewrap", WorkingDirectory = _folder });
        Assert.Equal(("\"refused\"", $"{SandboxLimits.User}"), (run.Json("a"), run.Json("b")));
    }
}
